"""The parts of the index that a world decides, on one seed: S, g, T, harm, and the index they give.

Called by `score` for the play's own seed and for each sibling; what a person saw and said is the same on all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incidentsim.scenario.model import Scenario
from incidentsim.scoring.effects import Effects, deviation_of
from incidentsim.scoring.harm import penalty_of, share_of_harm
from incidentsim.scoring.index import gate, practice_index, time_score
from incidentsim.scoring.loss import budget_saved
from incidentsim.scoring.numbers import share, whole_total
from incidentsim.scoring.process import Habits


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """Parts and index on one seed. `evidenced` is the share of positive credit that had evidence before it."""

    s: float
    evidenced: float
    g: float
    t: float
    harm: float
    index: float

    @classmethod
    def of(
        cls, effects: Effects, habits: Sequence[Habits], scenario: Scenario, *, de: float, p: float, c: float,
        unsafe: int, hints: int = 0,
    ) -> Earned:  # fmt: skip
        """Return them for what a play did; the other parts of the index and the price of hints are given."""
        scale, credits, effective = effects.scale, effects.credits, effects.effective
        backed = [(credit.nano, h.evidence_before) for credit, h in zip(credits, habits, strict=True)]
        positive = [(nano, seen) for nano, seen in backed if nano > 0]
        evidenced = share(whole_total(n for n, seen in positive if seen), whole_total(n for n, _ in positive))
        s = budget_saved(scale.nothing_loss, scale.reference_loss, effects.actual_loss)
        g = gate(evidenced, de)
        t = time_score(
            effective.t_us if effective else None, onset_us=scale.onset_us, t_ref_us=scale.t_ref_us,
            end_us=scenario.duration,
        )  # fmt: skip
        harm = share_of_harm([credit.nano for credit in credits], effects.worsened(), scale.budget())
        index = practice_index(s=s, g=g, de=de, p=p, t=t, c=c, penalty=penalty_of(harm, unsafe), hints=hints)
        return cls(s=s, evidenced=evidenced, g=g, t=t, harm=harm, index=index)


def errors_of(earned: Sequence[Earned]) -> dict[str, float]:
    """Return the standard error of a number made on one seed: its standard deviation over all of them.

    Empty when there is one seed only.
    """
    if len(earned) < 2:
        return {}
    return {
        "practice_index": deviation_of([e.index for e in earned]),
        "S": deviation_of([e.s for e in earned]),
        "g": deviation_of([e.g for e in earned]),
        "T": deviation_of([e.t for e in earned]),
        "harm": deviation_of([e.harm for e in earned]),
    }
