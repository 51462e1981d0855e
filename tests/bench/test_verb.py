"""`incidentsim bench` on figures that are made up: what it prints, where, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial

import pytest

from incidentsim.bench import suite
from incidentsim.bench.figure import Bound, Figure, Settings
from incidentsim.cli.main import main


def figure(figure_id: str, value: float) -> Figure:
    """Return a figure that is ok up to 10."""
    return Figure(id=figure_id, bounds=(Bound(name="size", value=value, sense="<=", limit=10),), how="made up")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Return the values that the figures will have; a value below zero is an interrupt."""
    values: dict[str, float] = {}

    def run(ids: Sequence[str], settings: Settings) -> Iterator[Figure]:
        for figure_id in ids:
            settings.tell(f"measuring {figure_id}")
            if values[figure_id] < 0:
                raise KeyboardInterrupt
            yield figure(figure_id, values[figure_id])

    monkeypatch.setattr("incidentsim.bench.suite.run", run)
    return values


def test_json_goes_to_stdout_and_progress_to_stderr(
    measured: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    """--json prints one object by id with value, goal, ok and how; all met ends with 0."""
    measured.update({"S1": 3, "F3": 10})
    assert main(["bench", "--json", "--only", "F3,S1"]) == 0
    out = capsys.readouterr()
    assert json.loads(out.out) == {
        "S1": {"value": {"size": 3}, "goal": "size <= 10", "ok": True, "how": "made up"},
        "F3": {"value": {"size": 10}, "goal": "size <= 10", "ok": True, "how": "made up"},
    }
    assert out.err.splitlines() == ["S1 ok", "F3 ok"]


def test_a_missed_goal_ends_with_one(measured: dict[str, float], capsys: pytest.CaptureFixture[str]) -> None:
    """The table says which value missed which goal, and the exit code tells."""
    measured.update({"S4": 11, "F2": 0})
    assert main(["bench", "--only", "S4,F2"]) == 1
    out = capsys.readouterr().out
    (missed,) = (line for line in out.splitlines() if "missed" in line)
    assert missed.split() == ["S4", "memory", "size", "11", "<=", "10", "missed"]
    assert "F2: made up" in out


def test_an_interrupt_keeps_what_is_finished(measured: dict[str, float], capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl+C prints the figures measured so far and ends with 130."""
    measured.update({"S1": 1, "S2": -1, "S3": 1})
    assert main(["bench", "--json", "--only", "S1,S2,S3"]) == 130
    out = capsys.readouterr()
    assert list(json.loads(out.out)) == ["S1"]
    assert "1 of 3" in out.err


def test_an_unknown_figure_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """A figure that there is not ends with 2 and lists those that there are."""
    assert main(["bench", "--only", "S9"]) == 2
    assert "F6" in capsys.readouterr().err


def test_quick_json_has_every_figure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """bench --quick --json measures every figure of the design once, each with value, goal, ok and how."""
    asked: list[tuple[str, bool]] = []

    def made(figure_id: str, settings: Settings) -> Figure:
        asked.append((figure_id, settings.quick))
        return figure(figure_id, 1)

    class MadeUp:
        """Speed figures without measuring."""

        def __init__(self, settings: Settings) -> None:
            for name, figure_id in (("engine", "S1"), ("stack", "S2"), ("output_length", "S3"), ("memory", "S4"),
                                    ("counterfactuals", "S5")):  # fmt: skip
                setattr(self, name, partial(made, figure_id, settings))

    monkeypatch.setattr(suite, "Speed", MadeUp)
    for name, figure_id in (("engines_agree", "F1"), ("every_request", "F2"), ("closed_form_percentiles", "F3"),
                            ("real_engine", "F4"), ("nothing_lost", "F6")):  # fmt: skip
        monkeypatch.setattr(suite, name, partial(made, figure_id))
    assert main(["bench", "--quick", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == list(suite.FIGURES) == ["S1", "S2", "S3", "S4", "S5", "F1", "F2", "F3", "F4", "F6"]
    assert {tuple(one) for one in printed.values()} == {("value", "goal", "ok", "how")}
    assert asked == [(figure_id, True) for figure_id in suite.FIGURES]
