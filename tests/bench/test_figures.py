"""Figures, their verdicts, and the choice of what to measure."""

from __future__ import annotations

import pytest

from incidentsim.bench import equality, suite
from incidentsim.bench.cases import Case, Outcome, random_case, run_case
from incidentsim.bench.figure import Bound, Figure, Settings, rounded
from incidentsim.errors import IncidentSimError, UsageError


@pytest.mark.parametrize(
    ("sense", "value", "ok"),
    [(">=", 2, True), (">=", 1.9, False), ("<=", 2, True), ("<=", 2.1, False), ("==", 2, True), ("==", 3, False)],
)
def test_a_bound_judges_its_value(sense: str, value: float, ok: bool) -> None:
    """A bound holds when the value is on the right side of the limit, the limit included."""
    assert Bound(name="x", value=value, sense=sense, limit=2).ok == ok  # type: ignore[arg-type]


def test_a_figure_is_ok_when_all_bounds_are() -> None:
    """One missed bound misses the figure, and JSON has value, goal, ok and how, nothing else."""
    good = Bound(name="speed", value=0.123456, sense=">=", limit=0.1)
    bad = Bound(name="peak_mb", value=201, sense="<=", limit=200)
    assert Figure(id="S1", bounds=(good,), how="so").ok
    assert Figure(id="S1", bounds=(good, bad), how="so").to_json() == {
        "value": {"speed": 0.1235, "peak_mb": 201}, "goal": "speed >= 0.1, peak_mb <= 200", "ok": False, "how": "so",
    }  # fmt: skip


def test_values_are_rounded_to_four_digits() -> None:
    """Measured values keep four significant digits; counts stay whole."""
    assert (rounded(0.000123456), rounded(123456.7), rounded(123456)) == (0.0001235, 123500.0, 123456)


def test_only_names_figures() -> None:
    """--only takes ids in any case and order, and measures in the suite's order; nothing means all."""
    assert suite.chosen("f3, S1") == ["S1", "F3"]
    assert suite.chosen("") == ["S1", "S2", "S3", "S4", "S5", "F1", "F2", "F3", "F4", "F6"]
    with pytest.raises(UsageError, match="no figure F5; figures are S1"):
        suite.chosen("S1,F5")


def test_a_figure_that_cannot_be_measured_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the project makes the figure missed, with the reason, and the next one is measured."""

    def broken(_: Settings) -> Figure:
        raise IncidentSimError("no data here")

    monkeypatch.setattr(suite, "every_request", broken)
    lost, found = suite.run(["F2", "F4"], Settings(quick=True))
    assert (lost.id, lost.ok, found.id) == ("F2", False, "F4")
    assert "no data here" in lost.how


def test_one_differing_case_misses_the_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """F1 notices a single case in which the engines differ."""
    monkeypatch.setattr(equality, "QUICK_CASES", 10)
    assert equality.engines_agree(Settings(quick=True)).ok

    def off(case: Case, *, naive: bool) -> Outcome | None:
        return None if naive and case == random_case(7) else run_case(case, naive=naive)

    monkeypatch.setattr(equality, "run_case", off)
    figure = equality.engines_agree(Settings(quick=True))
    assert (figure.ok, figure.bounds[0].value) == (False, 1)
