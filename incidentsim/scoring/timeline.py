"""When things happened, in scenario time: from detecting to resolving (scoring.md §2).

Called by `score`. A moment that was never reached is None; a report says "not reached".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from incidentsim.scenario.model import Scenario
from incidentsim.scoring.burn import BurnCurve
from incidentsim.scoring.diagnosis import is_right
from incidentsim.scoring.evidence import SLO_METRICS, Evidence, items_of_look
from incidentsim.scoring.moves import Move, ends_measure
from incidentsim.scoring.play import Belief, Cause, Issued, Moment, Names, Play, RuledOut, Said
from incidentsim.transcript.model import Record

TEMPORARY_VERBS = ("limit", "priority", "shed", "silence", "drain")
"""Measures that hold users off rather than mend: the incident is over when they are undone or written
down."""

_WORD = re.compile(r"[\w.-]*\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One milestone: its time and the record that shows it; both None when not reached, seq None when no
    one record."""

    name: str
    t_us: int | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The six milestones, in the order in which a response goes through them."""

    detect: Reached
    acknowledge: Reached
    engage: Reached
    identify: Reached
    mitigate: Reached
    resolve: Reached
    temporary: tuple[int, ...]
    """seqs of temporary measures"""
    unrecorded: tuple[int, ...]
    """seqs of those that were neither undone, lifted nor written down"""

    def all(self) -> tuple[Reached, ...]:
        """Return the milestones in order."""
        return (self.detect, self.acknowledge, self.engage, self.identify, self.mitigate, self.resolve)


def timeline(
    *,
    play: Play,
    moves: Sequence[Move],
    credited: Sequence[Move],
    evidence: Evidence,
    scenario: Scenario,
    curve: BurnCurve,
    removed_at_us: Mapping[str, int | None],
    names: Names,
) -> Timeline:
    """Return the milestones. `credited` are the moves with positive credit, empty where it is not known."""
    temporary, settled, unrecorded = _temporary_measures(moves, play, names)
    return Timeline(
        detect=_first("detect", (*_symptom_looks(play, evidence, names), *play.acks, *play.severities)),
        acknowledge=_first("acknowledge", play.acks),
        engage=_first("engage", (*play.looks, *play.issued, *play.beliefs)),
        identify=_identified(play, scenario),
        mitigate=_mitigated(credited, curve),
        resolve=_resolved(scenario, removed_at_us, settled, unrecorded),
        temporary=temporary,
        unrecorded=unrecorded,
    )


def removed_in_record(records: Sequence[Record], scenario: Scenario) -> dict[str, int | None]:
    """Return since when each root cause has been removed, from the recorded truth alone."""
    state: dict[Cause, tuple[int, bool]] = {}
    for r in records:
        if r.type == "fault":
            cause = (str(r.body["component"]), str(r.body["kind"]))
            state[cause] = (r.t_us, r.body["state"] == "removed")
    removed: dict[str, int | None] = {}
    for root in scenario.root_causes:
        t_us, gone = state.get((root.component, root.fault), (0, False))
        removed[root.id] = t_us if gone else None
    return removed


def _first(name: str, moments: Sequence[Moment]) -> Reached:
    if not moments:
        return Reached(name=name)
    first = min(moments, key=lambda m: m.seq)
    return Reached(name=name, t_us=first.t_us, seq=first.seq)


def _symptom_looks(play: Play, evidence: Evidence, names: Names) -> list[Moment]:
    """Return the looks that show the harm or listed evidence of it, or the alerts."""
    telling = (*evidence.listed, *(f"metric:{name}" for name in SLO_METRICS))
    return [
        look for look in play.looks
        if look.verb == "alerts" or any(item in telling for item in items_of_look(look, names))
    ]  # fmt: skip


def _identified(play: Play, scenario: Scenario) -> Reached:
    """Return when the top belief became right and stayed right. The newest of equals is on top."""
    reached = Reached(name="identify")
    standing: dict[tuple[Cause, bool], tuple[int, int, int]] = {}
    steps: list[Belief | RuledOut] = sorted((*play.beliefs, *play.ruled_out), key=lambda s: s.seq)
    for step in steps:
        if isinstance(step, Belief):
            standing[step.cause, step.committed] = (step.p_ppm, step.seq, step.number)
        else:
            standing = {key: value for key, value in standing.items() if key[1] or value[2] != step.number}
        top = max(standing.items(), key=lambda item: item[1], default=None)
        right = top is not None and any(is_right(top[0][0], root) for root in scenario.root_causes)
        if not right:
            reached = Reached(name="identify")
        elif reached.t_us is None:
            reached = Reached(name="identify", t_us=step.t_us, seq=step.seq)
    return reached


def _mitigated(credited: Sequence[Move], curve: BurnCurve) -> Reached:
    """Return the start of the first 120 s without burn after a move that earned credit."""
    if not credited:
        return Reached(name="mitigate")
    first = credited[0]
    calm_us = curve.calm_from_us(first.t_us)
    if calm_us is None:
        return Reached(name="mitigate")
    done = [move for move in credited if move.t_us <= calm_us]
    return Reached(name="mitigate", t_us=calm_us, seq=done[-1].seq)


def _temporary_measures(
    moves: Sequence[Move], play: Play, names: Names
) -> tuple[tuple[int, ...], tuple[Moment, ...], tuple[int, ...]]:
    """Return the temporary measures, when each was undone, lifted or written down, and those that never were."""
    made: list[int] = []
    settled: list[Moment] = []
    unrecorded: list[int] = []
    issued = {command.seq: command for command in play.issued}
    said = _first_said(play)
    for i, move in enumerate(moves):
        making = [
            seq for seq in move.seqs
            if issued[seq].command.verb == move.verb and not ends_measure(issued[seq].command)
        ]  # fmt: skip
        if move.verb not in TEMPORARY_VERBS or not making:
            continue
        made.append(move.seq)
        last = issued[making[-1]]
        if move.undone_at is not None:
            settled.append(move.undone_at)
            continue
        about = (move.verb, move.target, *move.touched)
        # a later measure of the same kind may be the one that was ended, and this one with it
        same = [m for m in moves[i:] if (m.verb, m.target) == (move.verb, move.target)]
        ends: list[Moment] = [
            issued[seq] for m in same for seq in m.seqs
            if seq > last.seq and ends_measure(issued[seq].command) and _resource(issued[seq]) == _resource(last)
        ]  # fmt: skip
        ends += [s for s in said if s.seq > move.seq and _mentions(s.text, about, names)]
        if ends:
            settled.append(min(ends, key=lambda m: m.seq))
        else:
            unrecorded.append(move.seq)
    return tuple(made), tuple(settled), tuple(unrecorded)


def _resource(issued: Issued) -> str:
    return issued.command.args.get("resource", "")


def _first_said(play: Play) -> list[Said]:
    """Return what was said, a status only the first time: saying it again settles nothing more."""
    seen: dict[str, Said] = {}
    for s in play.said:
        words = " ".join(_WORD.findall(s.text.casefold()))
        seen.setdefault(words if s.kind == "status" else str(s.seq), s)
    return list(seen.values())


def _mentions(text: str, about: Sequence[str], names: Names) -> bool:
    return any(names(word) in about or word.casefold() in about for word in _WORD.findall(text))


def _resolved(
    scenario: Scenario,
    removed_at_us: Mapping[str, int | None],
    settled: Sequence[Moment],
    unrecorded: Sequence[int],
) -> Reached:
    removed = [removed_at_us.get(root.id) for root in scenario.root_causes]
    times = [t for t in removed if t is not None]
    if unrecorded or len(times) < len(removed):
        return Reached(name="resolve")
    last = max(times)
    telling = max(settled, key=lambda m: m.t_us, default=None)
    if telling is not None and telling.t_us > last:
        return Reached(name="resolve", t_us=telling.t_us, seq=telling.seq)
    return Reached(name="resolve", t_us=last)
