"""The loss of a run, B(A), and the budget saved, S (scoring.md §1), in integers until the last division.

B(A) = Σ weight · bad + λ · (cost − cost of doing nothing). Bad counts over the offered demand, so refusing
users is not a way out; a cheaper run counts in its favour, since an incident may be about cost.
"""

from __future__ import annotations

from incidentsim.errors import ScenarioError
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.protocol import Outcome

LEAST_SAVING = 0.2
"""A reference must save at least this share of B(nothing), else the score says that it means little (§1)."""


def loss(outcome: Outcome, scenario: Scenario, *, cost_of_nothing_microdollars: int) -> int:
    """Return B in thousand-millionths of a bad request of weight 1. Raises ScenarioError for an unknown
    SLO."""
    weights = {slo.id: slo.weight for slo in scenario.slos}
    milli_bad = 0
    for key, (_, bad) in sorted(outcome.sli.items()):
        slo = key.partition("/")[0]
        if slo not in weights:
            known = ", ".join(weights)
            raise ScenarioError(f"a run counted the objective {slo!r}, but scenario {scenario.id} has {known}")
        milli_bad += weights[slo] * bad
    extra_microdollars = outcome.cost_microdollars - cost_of_nothing_microdollars
    return milli_bad * 1_000_000 + scenario.loss.per_dollar * extra_microdollars


def budget_saved(nothing: int, reference: int, actual: int) -> float:
    """Return S, raw (not clipped): 0 is doing nothing, 1 the reference. 0 when the reference saves
    nothing."""
    budget = nothing - reference
    return (nothing - actual) / budget if budget > 0 else 0.0
