"""Results turned into the scorecard's own types, with their inputs, records and caveats beside them.

Called only by `score`. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence

from incidentsim.scenario.model import Scenario
from incidentsim.scoring.burn import overspent
from incidentsim.scoring.communication import Communication
from incidentsim.scoring.diagnosis import Diagnosis
from incidentsim.scoring.effects import Effects
from incidentsim.scoring.evidence import SLO_METRICS, Evidence, canonical
from incidentsim.scoring.harm import Harm
from incidentsim.scoring.moves import Move
from incidentsim.scoring.numbers import NANO
from incidentsim.scoring.play import Moment, Play
from incidentsim.scoring.points import Earned
from incidentsim.scoring.process import Habits, Process
from incidentsim.scoring.promql_names import metrics_in
from incidentsim.scoring.protocol import RUN_ON_US, Outcome
from incidentsim.scoring.scorecard import (
    Milestone,
    MissedItem,
    Part,
    ScoredClaim,
    ScoredMove,
    ScoredStatement,
    SeenItem,
    Sibling,
)
from incidentsim.scoring.timeline import Timeline
from incidentsim.transcript.model import Record

STANDING_NOTES = (
    "A look shows that something was on screen, not that it was understood; free text of hypotheses is not judged.",
    "The practice index is for solo practice. It has not been validated on people and is not an interview result.",
)
"""What no score of this kind can tell, said on every scorecard."""

ONE_SEED = "One play on one seed: no standard error is known, and small differences between plays mean nothing."

NOT_RESIMULATED = (
    "The world could not be run again, so S, T, g, credit and harm are not measured, there is no practice "
    "index, and "
    "every act counts as a move."
)


def notes_on_runs(own: Effects, others: Sequence[Effects], *, least: float, agrees: bool) -> list[str]:
    """Return the caveats that the re-simulations themselves give: how credit was made, on which seeds, what is odd."""
    notes = [own.form.note()] if own.credits else []
    if others:
        seeds = ", ".join(str(one.seed) for one in others)
        notes.append(
            f"± is the standard error of a number made on one seed, from the same commands on {len(others)} further "
            f"seeds ({seeds}). People would have acted differently there."
        )
    else:
        notes.append(ONE_SEED)
    scale = own.scale
    if scale.budget() <= 0:
        notes.append("No reference solution saves anything on this seed, so S and T are 0 and mean nothing.")
    elif scale.budget() < least * scale.nothing_loss:
        notes.append("The reference saves less than 20 % of the loss on this seed, so S and T say little.")
    if not agrees:
        notes.append("The re-simulation differs from the recording: verify the transcript before using this score.")
    return notes


def parts_of_words(
    verdict: Diagnosis, worked: Process, words: Communication, penalty: Harm, play: Play
) -> dict[str, Part]:
    """Return the parts that need no world, and H with what is known of it; `hints` only where some were taken."""
    committed = [c for c in verdict.claims if c.committed()]
    hints = Part(
        value=float(play.hint_points()), rule="hints", seqs=tuple(hint.seq for hint in play.hints),
        inputs={"taken": len(play.hints), "points": play.hint_points()},
    )  # fmt: skip
    return ({"hints": hints} if play.hints else {}) | {
        "D": Part(
            value=verdict.d, rule="De", seqs=tuple(c.seq for c in verdict.claims),
            inputs={"precision": verdict.precision, "recall": verdict.recall, "f05": verdict.f,
                    "brier_skill": verdict.bss},
        ),
        "De": Part(
            value=verdict.de, rule="De", seqs=tuple(c.seq for c in committed),
            inputs={"D": verdict.d, "committed": len(committed), "with_evidence": verdict.with_evidence},
        ),
        "P": Part(
            value=worked.p, rule="P", seqs=tuple(look.seq for look in play.looks),
            inputs={"moves_counted": worked.counted, "mean_of_moves": worked.mean, 
                    "coverage": worked.coverage, "efficiency": worked.efficiency},
        ),
        "C": Part(
            value=words.c, rule="C", seqs=tuple(s.seq for s in words.statements),
            inputs={"truthful": words.truthful, "false": words.false},
        ),
        "H": Part(
            value=penalty.penalty, rule="H", seqs=penalty.unsafe_seqs,
            inputs={"harm": penalty.harm, "unsafe": penalty.unsafe(),
                    "invariants_broken": ", ".join(penalty.violations)},
        ),
    }  # fmt: skip


def parts_of_runs(own: Effects, earned: Earned, *, de: float, credited: Sequence[Move], end_us: int) -> dict[str, Part]:
    """Return the parts that re-simulation decides."""
    seqs = tuple(m.seq for m in credited)
    scale, effective = own.scale, own.effective
    return {
        "S": Part(
            value=earned.s, rule="S", seqs=seqs,
            inputs={"loss_nothing": scale.nothing_loss / NANO, "loss_reference": scale.reference_loss / NANO,
                    "loss_play": own.actual_loss / NANO, "reference": scale.reference},
        ),
        "g": Part(value=earned.g, rule="g", seqs=seqs, inputs={"credit_with_evidence": earned.evidenced, "De": de}),
        "T": Part(
            value=earned.t, rule="T", seqs=(effective.seq,) if effective else (),
            inputs={"t_us": effective.t_us if effective else None, "onset_us": scale.onset_us,
                    "t_ref_us": scale.t_ref_us, "end_us": end_us},
        ),
    }  # fmt: skip


def sibling(effects: Effects, earned: Earned) -> Sibling:
    """Return the same commands on another seed."""
    return Sibling(
        seed=effects.seed, practice_index=earned.index, S=earned.s, g=earned.g, T=earned.t, harm=earned.harm,
        credits=tuple(c.nano / NANO for c in effects.credits),
    )  # fmt: skip


def parts_not_measured() -> dict[str, Part]:
    """Return the same parts without values."""
    return {name: Part(value=None, rule=name, inputs={}) for name in ("S", "g", "T")}


def scored_moves(
    moves: Sequence[Move], habits: Sequence[Habits], effects: Effects | None, counts: Sequence[bool],
    unsafe: Sequence[Move], *, errors: Sequence[int] | None,
) -> tuple[ScoredMove, ...]:  # fmt: skip
    """Return the moves as the scorecard shows them."""
    credits = effects.credits if effects else None
    return tuple(
        ScoredMove(
            seqs=m.seqs, t_us=m.t_us, verb=m.verb, target=m.target, text=m.text, act=m.act,
            credit=None if credits is None else float(credits[i].share / NANO),
            credit_nano=None if credits is None else credits[i].nano,
            credit_error=None if errors is None else errors[i] / NANO,
            bad_saved=() if credits is None else credits[i].bad_saved,
            causes=m.causes, evidence_before=habits[i].evidence_before,
            hypothesis_before=habits[i].hypothesis_before, verified=habits[i].verified, counted=counts[i],
            unsafe=m in unsafe, undone=m.undone_at is not None,
            harmless=effects is not None and effects.harmless(i),
        )
        for i, m in enumerate(moves)
    )  # fmt: skip


def seen_items(evidence: Evidence) -> tuple[SeenItem, ...]:
    """Return the evidence seen, in the order it was seen."""
    return tuple(SeenItem(item=s.item, t_us=s.t_us, seq=s.seq, explicit=s.explicit) for s in evidence.sightings)


def missed_items(evidence: Evidence, scenario: Scenario, records: Sequence[Record]) -> tuple[MissedItem, ...]:
    """Return the evidence never looked at; `needed` when a cause was left without any complete set."""
    last = records[-1] if records else None
    end = Moment(t_us=last.t_us if last else 0, seq=(last.seq if last else 0) + 1)
    bare = [c.id for c in scenario.root_causes if not evidence.supports(c, end)]
    out: list[MissedItem] = []
    for item in evidence.missed():
        causes = tuple(c.id for c in scenario.root_causes if any(item in map(canonical, w) for w in c.evidence))
        out.append(MissedItem(item=item, causes=causes, needed=any(cause in bare for cause in causes)))
    return tuple(out)


def milestones(times: Timeline) -> dict[str, Milestone]:
    """Return the timeline by name."""
    return {reached.name: Milestone(t_us=reached.t_us, seq=reached.seq) for reached in times.all()}


def scored_claims(verdict: Diagnosis) -> tuple[ScoredClaim, ...]:
    """Return the diagnosis claim by claim."""
    return tuple(
        ScoredClaim(
            component=c.cause[0], fault=c.cause[1], p=c.p_ppm / 1_000_000, evidence=c.evidence, seq=c.seq,
            verdict="right" if c.right else "one hop away" if c.near else "wrong",
        )
        for c in verdict.claims
    )  # fmt: skip


def scored_statements(words: Communication) -> tuple[ScoredStatement, ...]:
    """Return the distinct updates."""
    return tuple(
        ScoredStatement(seq=s.seq, t_us=s.t_us, text=s.text, claims_over=s.claims_over, truthful=s.truthful)
        for s in words.statements
    )


def durable(actual: Outcome | None, scenario: Scenario) -> bool | None:
    """Return whether every root cause was removed and nothing came back in the hidden run-on."""
    if actual is None:
        return None
    removed = all(actual.removed_at_us.get(root.id) is not None for root in scenario.root_causes)
    back = overspent(actual.series, scenario, scenario.duration, scenario.duration + RUN_ON_US)
    return removed and not actual.present_after and not back


def never_looked_at(play: Play, evidence: Evidence) -> tuple[str, ...]:
    """Return the kinds of signals that were never looked at, in a fixed order."""
    verbs = {look.verb for look in play.looks}
    users = any(
        metric in SLO_METRICS for look in play.looks if look.verb == "query"
        for metric in metrics_in(look.args.get("expr", ""))
    )  # fmt: skip
    asked = any(issued.command.verb == "ask" for issued in play.issued)
    areas = (
        ("objectives (slo_requests_total, slo_bad_requests_total)", users),
        ("metrics", "query" in verbs),
        ("change log", "changes" in verbs),
        ("logs", "logs" in verbs),
        ("traces", "trace" in verbs),
        ("settings of components (inspect)", "inspect" in verbs),
        ("runbooks", "runbook" in verbs),
        ("team-mates", asked),
    )
    return tuple(area for area, looked in areas if not looked)
