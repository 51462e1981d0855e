"""The formulas of the index, P, H, T, S and B, by hand."""

from __future__ import annotations

import math

import pytest

from incidentsim.errors import ScenarioError
from incidentsim.scoring.burn import overspent
from incidentsim.scoring.evidence import Evidence, Sighting
from incidentsim.scoring.harm import harm, share_of_harm
from incidentsim.scoring.index import gate, practice_index, time_score
from incidentsim.scoring.loss import budget_saved, loss
from incidentsim.scoring.numbers import NANO, clip, exact_total, rounded, share, whole_total
from incidentsim.scoring.process import Habits, process
from incidentsim.scoring.protocol import Outcome
from tests.scoring.toy import toy_scenario

S = 1_000_000


def outcome(bad: int, *, dollars: int = 0, slo: str = "ttft") -> Outcome:
    """Return an outcome with this many bad requests over two tenants."""
    return Outcome(sli={f"{slo}/a": (1_000, bad - 1), f"{slo}/b": (10, 1)}, cost_microdollars=dollars * S, series={})


def test_loss_weighs_bad_requests_and_extra_dollars() -> None:
    """10 bad of weight 1.5 and 3 dollars more at 2 each are 21."""
    base = toy_scenario()
    slos = (base.slos[0].model_copy(update={"weight": 1_500}),)
    scenario = base.model_copy(update={"slos": slos})
    assert loss(outcome(10, dollars=5), scenario, cost_of_nothing_microdollars=2 * S) == 21 * NANO
    assert loss(outcome(10, dollars=2), scenario, cost_of_nothing_microdollars=2 * S) == 15 * NANO


def test_an_unknown_objective_is_an_error() -> None:
    """An outcome of another scenario is refused by name."""
    with pytest.raises(ScenarioError, match="'e2e'"):
        loss(outcome(10, slo="e2e"), toy_scenario(), cost_of_nothing_microdollars=0)


def test_budget_saved_is_raw() -> None:
    """Better than the reference exceeds 1, worse than nothing is negative, no budget is 0."""
    assert budget_saved(100, 20, 60) == 0.5
    assert budget_saved(100, 20, 12) == pytest.approx(1.1)
    assert budget_saved(100, 20, 140) == -0.5
    assert budget_saved(100, 100, 50) == 0.0


def test_time_score_is_logarithmic_between_reference_and_end() -> None:
    """At t_ref 1, at the end 0, at the geometric mean ½, before t_ref no more than 1."""

    def at(seconds: float) -> float:
        return time_score(int(seconds * S), onset_us=-60 * S, t_ref_us=40 * S, end_us=1540 * S)

    assert at(40) == 1.0
    assert at(-50) == 1.0
    assert at(1540) == 0.0
    assert at(400 - 60) == pytest.approx(0.5)
    assert at(140) == pytest.approx(1 - math.log(2) / math.log(16))


@pytest.mark.parametrize("missing", ["t_us", "onset_us", "t_ref_us"])
def test_time_score_without_a_moment_is_zero(missing: str) -> None:
    """No effective move, no onset or no reference: T = 0."""
    given: dict[str, int | None] = {"t_us": 50 * S, "onset_us": 0, "t_ref_us": 40 * S, missing: None}
    assert time_score(given["t_us"], onset_us=given["onset_us"], t_ref_us=given["t_ref_us"], end_us=900 * S) == 0.0


def test_gate_and_index_by_hand() -> None:
    """The formulas of scoring.md §2 with easy numbers."""
    assert gate(0.0, 0.0) == pytest.approx(0.15)
    assert gate(1.0, 1.0) == 1.0
    assert gate(0.5, 0.6) == pytest.approx(0.65 * 0.8)
    full = practice_index(s=1.3, g=1.0, de=1.0, p=1.0, t=1.0, c=1.0, penalty=0.0)
    assert full == pytest.approx(100.0)
    mixed = practice_index(s=0.8, g=0.52, de=0.6, p=0.5, t=0.4, c=-0.25, penalty=0.1)
    assert mixed == pytest.approx(100 * (0.35 * 0.8 * 0.52 + 0.15 + 0.1 + 0.1 * 0.4 * 0.52 - 0.025 - 0.1))
    assert practice_index(s=-2.0, g=1.0, de=0.0, p=0.0, t=0.0, c=0.0, penalty=0.3) == 0.0


def test_harm_and_penalty_by_hand() -> None:
    """Harm is the smaller of negative credit and what was worse when it came; H stops at one half."""
    assert share_of_harm([30, -20, 0], 50, 100) == pytest.approx(0.2)
    assert share_of_harm([30, -20, 0], 5, 100) == pytest.approx(0.05)
    assert share_of_harm([30, -20, 0], 0, 100) == 0.0
    assert share_of_harm([-1], 1, 0) == 1.0
    assert share_of_harm([-1], 0, 0) == 0.0
    assert harm(0.2, [4], ["safety filter on"]).penalty == pytest.approx(0.1 + 0.16)
    assert harm(1.0, [], []).penalty == 0.5
    assert harm(0.0, list(range(9)), []).penalty == 0.5
    assert harm(None, [4], []).harm is None


def evidence(listed: int, seen: int, queried: int) -> Evidence:
    """Return evidence with these counts."""
    items = tuple(f"inspect:c{i}" for i in range(listed))
    sightings = tuple(Sighting(t_us=0, seq=i, item=items[i], explicit=True) for i in range(seen))
    return Evidence(listed=items, sightings=sightings, queried=tuple(f"inspect:c{i}" for i in range(queried)))


def test_process_by_hand() -> None:
    """Two moves, coverage ½, efficiency ⅔; and the form without moves."""
    both = [
        Habits(evidence_before=True, hypothesis_before=True, verified=True),
        Habits(evidence_before=False, hypothesis_before=False, verified=True),
    ]
    worked = process(both, evidence(4, 2, 3))
    assert worked.p == pytest.approx(0.75 * (1.0 + 0.25) / 2 + 0.25 * 0.5 * (0.5 + 0.5 * 2 / 3))
    assert process([], evidence(4, 2, 3)).p == pytest.approx(0.25 * 0.5 * 2 / 3)
    assert process([], evidence(4, 0, 0)).p == 0.0


def test_numbers() -> None:
    """Shares of nothing are 0, sums are exact, rounding leaves no negative zero."""
    assert (share(1, 0), share(3, 2), clip(-1.0)) == (0.0, 1.0, 0.0)
    assert exact_total([0.1] * 10) == 1.0
    assert whole_total(range(5)) == 10
    assert str(rounded(-1e-9)) == "0.0"


def test_harm_that_comes_back_is_told_from_a_minute_of_noise() -> None:
    """Over five minutes the budget is overspent or not; one bad minute among good ones is no recurrence."""
    slo = toy_scenario().slos[0]

    def series(bad_minutes: set[int]) -> dict[str, tuple[tuple[int, int, int], ...]]:
        marks, bad = [], 0
        for i in range(61):
            bad += 1 if i // 6 in bad_minutes and i else 0
            marks.append((i * 10_000_000, i * 10, bad))
        return {slo.id: tuple(marks)}

    whole = toy_scenario().model_copy(update={"slos": (slo.model_copy(update={"objective": 960_000}),)})
    assert not overspent(series(set()), whole, 0, 600_000_000)
    assert not overspent(series({3}), whole, 0, 600_000_000)
    assert overspent(series({7, 8, 9}), whole, 0, 600_000_000)
    assert overspent(series({0, 1}), whole, 0, 120_000_000)
    assert not overspent(series({7, 8, 9}), whole, 0, 300_000_000)
