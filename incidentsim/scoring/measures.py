"""The automatic measures of an interview, each from 0 to 1, without weights (scoring.md §3).

Called by `score`. `specs.measures` declares them; a rubric gives them points. Only moves that changed something
for users count, so a placebo changes none. Right diagnoses without evidence are left out of evidence discipline,
as De leaves them out, so that naming a right cause never costs. The same status twice is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from incidentsim.scenario.model import Scenario
from incidentsim.scoring.burn import BurnCurve
from incidentsim.scoring.communication import Communication
from incidentsim.scoring.diagnosis import Diagnosis
from incidentsim.scoring.harm import Harm
from incidentsim.scoring.index import time_score
from incidentsim.scoring.interview_card import Measure, SiblingMeasures
from incidentsim.scoring.moves import Move, target_of
from incidentsim.scoring.numbers import clip, share
from incidentsim.scoring.play import Names, Play
from incidentsim.scoring.process import Habits
from incidentsim.scoring.timeline import Timeline

ENOUGH_SAVED = 0.3
"""S from which safe saving is full: any mitigation that averts three tenths of the reference's (scoring.md §3)."""

ACKNOWLEDGE_US = 300_000_000
"""A page should be acknowledged within five minutes."""

QUIET_US = 900_000_000
"""Longest silence while users are harmed: fifteen minutes."""

REACHING_VERBS = ("drain", "failover", "pin", "rollback", "route", "shed")
"""Verbs that aren't destructive but replace what serves, or turn users away: a mistake reaches everybody."""

_REPLICA = re.compile(r"(.+)-\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gained:
    """What re-simulation gave: S, g, harm, whether a move earned credit, whether it lasts, the scale of time."""

    s: float
    g: float
    harm: float
    earned: bool
    durable: bool
    onset_us: int | None
    t_ref_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the other parts of the score found out, as the measures need it."""

    play: Play
    scenario: Scenario
    names: Names
    moves: Sequence[Move]
    """the moves that changed something for users"""
    habits: Sequence[Habits]
    """those of `moves`, in the same order"""
    verdict: Diagnosis
    words: Communication
    penalty: Harm
    times: Timeline
    curve: BurnCurve
    gained: Gained | None


def measures_of(told: Told) -> Mapping[str, Measure]:
    """Return every measure by its id; those that need a re-simulation have no value without one."""
    return {
        **_of_runs(told),
        "diagnosis": Measure(
            value=told.verdict.de, inputs={"De": told.verdict.de},
            seqs=tuple(c.seq for c in told.verdict.claims if c.committed()),
        ),
        "evidence-discipline": _discipline(told),
        "temporary-overrides": _overrides(told),
        "verification": _verification(told),
        "safe-rollout": _rollout(told),
        "cadence": _cadence(told),
        "truthfulness": _truthfulness(told),
    }  # fmt: skip


def on_sibling(told: Told, there: Gained) -> SiblingMeasures:
    """Return what the same commands give on another seed: only what runs decide differs."""
    values = {name: measure.value or 0.0 for name, measure in _of_runs(replace(told, gained=there)).items()}
    return SiblingMeasures(earned=there.earned, values=values)


def risky(move: Move, scenario: Scenario) -> bool:
    """Return whether a move should be tried out first: it destroys, or reaches everybody, and is on more than
    one replica."""
    if not (move.destructive or move.verb in REACHING_VERBS):
        return False
    return not single_replica(move, scenario)


def single_replica(move: Move, scenario: Scenario) -> bool:
    """Return whether a move is on one replica of a pool."""
    return _pool_of_replica(move.target, scenario) is not None


def tried_first(move: Move, play: Play, scenario: Scenario, names: Names) -> tuple[int, ...]:
    """Return the records that show it was tried out: its dry run, a canary, or one replica of the same pool."""
    found: list[int] = []
    for issued in play.issued:
        command = issued.command
        if issued.seq >= move.seq:
            break
        target = target_of(command, names)
        preview = command.dry_run and command.verb == move.verb and target == move.target
        canary = not command.dry_run and command.verb == "canary" and target in move.touched
        trial = (
            not command.dry_run and command.verb == move.verb
            and _pool_of_replica(target, scenario) in move.touched
        )  # fmt: skip
        if preview or canary or trial:
            found.append(issued.seq)
    return tuple(found)


def _pool_of_replica(target: str, scenario: Scenario) -> str | None:
    match = _REPLICA.fullmatch(target)
    pools = [pool.id for pool in scenario.stack.pools]
    return match[1] if match and match[1] in pools and target not in pools else None


def _of_runs(told: Told) -> dict[str, Measure]:
    gained, unsafe = told.gained, told.penalty.unsafe()
    acts = tuple(move.seq for move in told.moves)
    if gained is None:
        return {
            name: Measure(value=None, inputs={})
            for name in ("saved-with-method", "safe-saving", "durable", "time-to-detect")
        }
    detected = told.times.detect
    safe = min(1.0, clip(gained.s) / ENOUGH_SAVED) * (1.0 - gained.harm) if unsafe == 0 else 0.0
    return {
        "saved-with-method": Measure(
            value=clip(gained.s) * gained.g, inputs={"S": gained.s, "g": gained.g}, seqs=acts
        ),
        "safe-saving": Measure(
            value=safe, seqs=told.penalty.unsafe_seqs or acts,
            inputs={"S": gained.s, "harm": gained.harm, "unsafe": unsafe},
        ),
        "durable": Measure(value=float(gained.durable), inputs={"durable": gained.durable}, seqs=acts),
        "time-to-detect": Measure(
            value=time_score(
                detected.t_us, onset_us=gained.onset_us, t_ref_us=gained.t_ref_us, end_us=told.scenario.duration
            ),
            inputs={"t_us": detected.t_us, "onset_us": gained.onset_us, "t_ref_us": gained.t_ref_us,
                    "end_us": told.scenario.duration},
            seqs=() if detected.seq is None else (detected.seq,),
        ),
    }  # fmt: skip


def _discipline(told: Told) -> Measure:
    backed = [m.seq for m, h in zip(told.moves, told.habits, strict=True) if h.evidence_before]
    committed = [c for c in told.verdict.claims if c.committed()]
    right = [c.seq for c in committed if c.right and c.evidence]
    wrong = [c.seq for c in committed if not c.right]
    left_out = len(committed) - len(right) - len(wrong)
    of = len(told.moves) + len(right) + len(wrong)
    return Measure(
        value=share(len(backed) + len(right), of), seqs=tuple(sorted((*backed, *right))),
        inputs={"moves": len(told.moves), "moves_with_evidence": len(backed), "diagnoses": len(committed),
                "diagnoses_with_evidence": len(right), "right_without_evidence_left_out": left_out},
    )  # fmt: skip


def _overrides(told: Told) -> Measure:
    counted = [move.seq for move in told.moves]
    made = tuple(seq for seq in told.times.temporary if seq in counted)
    left = tuple(seq for seq in told.times.unrecorded if seq in counted)
    return Measure(
        value=1.0 - share(len(left), len(made)), inputs={"made": len(made), "left_unrecorded": len(left)},
        seqs=left or made,
    )  # fmt: skip


def _verification(told: Told) -> Measure:
    checked = [m.seq for m, h in zip(told.moves, told.habits, strict=True) if h.verified]
    return Measure(
        value=share(len(checked), len(told.moves)), inputs={"moves": len(told.moves), "verified": len(checked)},
        seqs=tuple(checked),
    )  # fmt: skip


def _rollout(told: Told) -> Measure:
    moves = [move for move in told.moves if risky(move, told.scenario)]
    tried = [tried_first(move, told.play, told.scenario, told.names) for move in moves]
    careful = [seqs for seqs in tried if seqs]
    return Measure(
        value=share(len(careful), len(moves)), inputs={"risky": len(moves), "tried_first": len(careful)},
        seqs=tuple(seq for seqs in careful for seq in seqs) or tuple(move.seq for move in moves),
    )  # fmt: skip


def _cadence(told: Told) -> Measure:
    acknowledged = told.times.acknowledge
    in_time = acknowledged.t_us is not None and acknowledged.t_us <= ACKNOWLEDGE_US
    spoken = [s for s in told.words.statements if s.kind == "status" and s.truthful]
    longest = longest_silence_us([s.t_us for s in spoken], told.curve, end_us=_end_us(told))
    return Measure(
        value=float(in_time and longest <= QUIET_US),
        inputs={"acknowledged_us": acknowledged.t_us, "longest_silence_us": longest, "statuses": len(spoken)},
        seqs=(*(() if acknowledged.seq is None else (acknowledged.seq,)), *(s.seq for s in spoken)),
    )  # fmt: skip


def longest_silence_us(told_us: Sequence[int], curve: BurnCurve, *, end_us: int) -> int:
    """Return the longest time for which users had been harmed, or told nothing, at a mark of harm up to `end_us`.

    Silence begins with the first mark of harm (T+0 at the earliest) and anew with each status.
    """
    onset_us = curve.onset_us()
    if onset_us is None:
        return 0
    longest = 0
    start_us = max(0, onset_us)
    for t_us, over in zip(curve.times_us, curve.over, strict=True):
        if over and start_us <= t_us <= end_us:
            last_us = max((s for s in told_us if s <= t_us), default=start_us)
            longest = max(longest, t_us - max(last_us, start_us))
    return longest


def _end_us(told: Told) -> int:
    end_us = told.play.end_us
    return told.scenario.duration if end_us is None else min(end_us, told.scenario.duration)


def _truthfulness(told: Told) -> Measure:
    words = told.words
    return Measure(
        value=share(words.truthful, words.truthful + words.false),
        inputs={"truthful": words.truthful, "false": words.false}, seqs=tuple(s.seq for s in words.statements),
    )  # fmt: skip
