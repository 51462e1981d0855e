"""The ledger of hypotheses with calibration: what was believed, how surely, when, and how right that was.

Called by `score`; shown, not weighted. What a person holds of a cause is their last word on it, a hypothesis or
a committed diagnosis; ruling a hypothesis out takes that word back. After each step the Brier score over the
closed vocabulary is taken, where a cause that is not named has probability 0 (scoring.md §2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incidentsim.scenario.model import Scenario
from incidentsim.scoring.diagnosis import WHOLE_PPM, Diagnosis, brier_skill, is_near, is_right
from incidentsim.scoring.interview_card import Hypotheses, IdentifiedAt, LedgerRow, LedgerStep, Standing
from incidentsim.scoring.numbers import exact_total
from incidentsim.scoring.play import Belief, Cause, Play, RuledOut, Stated
from incidentsim.scoring.timeline import Reached


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """The last word on one cause."""

    p_ppm: int
    seq: int
    number: int
    committed: bool


def hypotheses(
    play: Play, scenario: Scenario, identify: Reached, verdict: Diagnosis, vocabulary: Sequence[Cause]
) -> Hypotheses:
    """Return the ledger of a play. `vocabulary` is every pair that could be named, in stable ids."""
    committed = [claim for claim in verdict.claims if claim.committed()]
    mean_p = share_right = None
    if committed:
        mean_p = exact_total(claim.p_ppm / WHOLE_PPM for claim in committed) / len(committed)
        share_right = len([claim for claim in committed if claim.right]) / len(committed)
    return Hypotheses(
        rows=_rows(play, scenario), standing=_standing(play, scenario, vocabulary),
        identified=IdentifiedAt(t_us=identify.t_us, seq=identify.seq), committed=len(committed), mean_p=mean_p,
        share_right=share_right,
    )  # fmt: skip


def verdict_on(cause: Cause | None, scenario: Scenario) -> str:
    """Return what a cause is: right, one hop away, wrong; or that there is none."""
    if cause is None:
        return "names no cause"
    if any(is_right(cause, root) for root in scenario.root_causes):
        return "right"
    near = any(is_near(cause, root, scenario.causal_graph) for root in scenario.root_causes)
    return "one hop away" if near else "wrong"


def _rows(play: Play, scenario: Scenario) -> tuple[LedgerRow, ...]:
    """Return one row per cause that was named, and one per statement that named none, in order."""
    groups: dict[str, list[Stated | Belief]] = {}
    steps: list[Stated | Belief] = [*play.stated, *(b for b in play.beliefs if b.committed)]
    for step in sorted(steps, key=lambda s: s.seq):
        key = f"{step.cause[0]}:{step.cause[1]}" if step.cause else f"#{step.seq}"
        groups.setdefault(key, []).append(step)
    return tuple(_row(group, play, scenario) for group in groups.values())


def _row(group: Sequence[Stated | Belief], play: Play, scenario: Scenario) -> LedgerRow:
    first = next((s for s in group if isinstance(s, Stated)), None)
    numbers = {s.number for s in group if isinstance(s, Stated)}
    steps = [
        LedgerStep(
            t_us=s.t_us, seq=s.seq, kind="stated" if isinstance(s, Stated) else "committed", p=s.p_ppm / WHOLE_PPM
        )
        for s in group
    ]
    steps += [
        LedgerStep(t_us=r.t_us, seq=r.seq, kind="ruled out", p=0.0)
        for r in play.ruled_out
        if r.number in numbers
    ]  # fmt: skip
    steps.sort(key=lambda s: s.seq)
    committed = any(isinstance(s, Belief) for s in group)
    last = steps[-1].kind
    cause = group[0].cause
    return LedgerRow(
        number=first.number if first else None, text=first.text if first else "",
        cause=f"{cause[0]}:{cause[1]}" if cause else "", verdict=verdict_on(cause, scenario), steps=tuple(steps),
        state="committed" if committed else "ruled out" if last == "ruled out" else "open",
    )  # fmt: skip


def _standing(play: Play, scenario: Scenario, vocabulary: Sequence[Cause]) -> tuple[Standing, ...]:
    truth = [(root.component, root.fault) for root in scenario.root_causes]
    universe = len(dict.fromkeys((*vocabulary, *truth)))
    held: dict[Cause, _Held] = {}
    out: list[Standing] = []
    steps: list[Belief | RuledOut] = sorted((*play.beliefs, *play.ruled_out), key=lambda s: s.seq)
    for step in steps:
        if isinstance(step, Belief):
            earlier = held.get(step.cause)
            held[step.cause] = _Held(
                p_ppm=step.p_ppm, seq=step.seq, number=step.number,
                committed=step.committed or (earlier is not None and earlier.committed),
            )  # fmt: skip
        else:
            held = {cause: h for cause, h in held.items() if h.committed or h.number != step.number}
        top = max(held.items(), key=lambda item: (item[1].p_ppm, item[1].seq), default=None)
        stated = _by_root(held, scenario)
        out.append(
            Standing(
                t_us=step.t_us, seq=step.seq, top=f"{top[0][0]}:{top[0][1]}" if top else "",
                p=top[1].p_ppm / WHOLE_PPM if top else 0.0,
                right=top is not None and verdict_on(top[0], scenario) == "right",
                brier=_brier(stated, truth), skill=brier_skill(stated, truth, universe),
            )
        )  # fmt: skip
    return tuple(out)


def _by_root(held: dict[Cause, _Held], scenario: Scenario) -> dict[Cause, int]:
    """Return the probabilities with an alias counted as its root cause, the strongest of several."""
    stated: dict[Cause, int] = {}
    for cause, h in held.items():
        root = next((r for r in scenario.root_causes if is_right(cause, r)), None)
        key = (root.component, root.fault) if root else cause
        stated[key] = max(h.p_ppm, stated.get(key, 0))
    return stated


def _brier(stated: dict[Cause, int], truth: Sequence[Cause]) -> float:
    """Return Σ (p − y)² over every pair that was named or is true; all others contribute 0."""
    squared = 0
    for cause in dict.fromkeys((*stated, *truth)):
        off = stated.get(cause, 0) - (WHOLE_PPM if cause in truth else 0)
        squared += off * off
    return squared / (WHOLE_PPM * WHOLE_PPM)
