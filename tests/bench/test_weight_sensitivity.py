"""The check of weights: Kendall's τ by hand, and an order that does or does not hold."""

from __future__ import annotations

import json

import pytest

from benchmarks.weight_sensitivity import (
    automatic_points,
    automatic_weights,
    cards_in,
    findings,
    index_weights,
    kendall_tau,
    perturbed,
    practice_index,
)
from incidentsim.scenario.rubric_files import load_rubric
from incidentsim.scoring.interview import appraise
from tests.scoring.plays import EXPERT, LUCKY, NOVICE
from tests.scoring.test_metamorphic import scored

RUBRIC = load_rubric("default")
PLAYS = (EXPERT, NOVICE, LUCKY, ())


def test_tau_by_hand() -> None:
    """Same order 1, reverse −1, one swapped pair of six 2/3, ties as τ-b takes them out."""
    assert kendall_tau([1, 2, 3, 4], [10, 20, 30, 40]) == 1.0
    assert kendall_tau([1, 2, 3, 4], [4, 3, 2, 1]) == -1.0
    assert kendall_tau([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(4 / 6)
    assert kendall_tau([1, 1, 2], [1, 2, 3]) == pytest.approx(2 / 6**0.5)
    assert kendall_tau([0, 0], [0, 0]) == 1.0
    assert kendall_tau([0, 0], [0, 1]) == 0.0


def test_scores_are_recomputed_as_the_scorer_made_them() -> None:
    """At the given weights the recomputed index and points equal those of the scorecard."""
    for play in PLAYS:
        card = appraise(scored(play), RUBRIC)
        value = card.to_json()
        assert practice_index(value, index_weights()) == pytest.approx(value["practice_index"], abs=1e-4)
        points = automatic_points(value, automatic_weights(RUBRIC))
        assert points == pytest.approx(value["interview"]["automatic"]["points"], abs=1e-4)


def test_a_clear_order_is_stable() -> None:
    """Expert, novice, lucky and idle keep their order at 20 % off, in both scores."""
    found = findings([scored(play).to_json() for play in PLAYS], RUBRIC, 0.2)
    assert [(f.score, f.plays) for f in found] == [("practice index", 4), ("rubric default", 4)]
    assert all(f.ok() and f.alone == f.corners == 1.0 for f in found)


def test_an_order_that_hangs_on_a_weight_is_found() -> None:
    """Two plays that differ by where their points come from change places, and the weight is named."""
    base = scored(EXPERT).to_json()

    def of(**values: float) -> dict[str, object]:
        measures = {name: {"value": values.get(name.replace("-", "_"), 0.0)} for name in base["interview"]["measures"]}
        return {**base, "interview": {"earned": True, "measures": measures}}

    cards = [of(saved_with_method=1.0), of(diagnosis=1.0, safe_rollout=0.4)]
    found = findings(cards, RUBRIC, 0.2)[1]
    assert not found.ok()
    assert found.alone_by.startswith(("saved-with-method", "diagnosis"))


def test_every_weight_goes_up_and_down() -> None:
    """Two changes for each weight, then the drawn corners, in which every weight is off."""
    changes = list(perturbed({"a": 1.0, "b": 2.0}, 0.5))
    assert [weights for _, weights in changes[:4]] == [
        {"a": 0.5, "b": 2.0}, {"a": 1.5, "b": 2.0}, {"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 3.0},
    ]  # fmt: skip
    assert all(weights["a"] in (0.5, 1.5) and weights["b"] in (1.0, 3.0) for _, weights in changes[4:])


def test_runs_and_scores_are_read() -> None:
    """Files of runs, of scores, one or several, give their scorecards."""
    card = {"schema": "incidentsim-score/1"}
    for value in (card, [card], {"player": "x", "score": card}, [{"score": card}]):
        assert cards_in(json.dumps(value)) == [card]
