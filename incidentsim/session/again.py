"""A recorded session played again: the same lines at the same moments, as a new session with its own transcript.

`replay --rebase` does it to the end, on another engine than the recorded one; `rewind` up to a moment, from which a
person takes over. What people said, looked at and thought is carried over with the commands, so that the new
transcript can be scored like the old one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidentsim.commands.format import format_command
from incidentsim.commands.model import Command
from incidentsim.errors import CommandError, UsageError
from incidentsim.exact import format_clock
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.levels import level_of
from incidentsim.scenario.model import Scenario
from incidentsim.session.engine import TICK_US
from incidentsim.session.host import IncidentSession
from incidentsim.session.ports import WorldFactory, real_world
from incidentsim.session.resume import check_same
from incidentsim.specs.knobs import format_ratio
from incidentsim.transcript.model import Record, Transcript
from incidentsim.transcript.queries import command_of, end_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebased:
    """What came of it: lines given again, and those that today's engine refused, with its reason."""

    given: int
    refused: tuple[str, ...]


def rebase(
    transcript: Transcript, scenario: Scenario, out: Path, *, world_factory: WorldFactory = real_world
) -> Rebased:
    """Write a new transcript of the same play to `out`; its first record names the parent.

    Raises TranscriptError when `out` exists.
    """
    session = _begin(transcript, scenario, out, world_factory)
    header = transcript.header
    session.record("rebased", {"parent": parent_of(transcript), "compat": header["engine"]["compat"]}, actor="host")
    try:
        given, refused = _give(session, transcript.records)
        session.step(scenario.duration)
    finally:
        session.close()
    return Rebased(given=given, refused=refused)


def rewind(
    transcript: Transcript, scenario: Scenario, out: Path, *, t_us: int, world_factory: WorldFactory = real_world
) -> IncidentSession:
    """Return a new session, recorded at `out`, that stands paused at `t_us` of a recorded one.

    Everything before `t_us` happened as recorded; its first record names the parent and the moment. Raises UsageError
    for a moment that the recording doesn't have, TranscriptError when `out` exists or the record is another
    scenario's, DigestMismatch when this engine is not the recorded one.
    """
    check_same(transcript.header, scenario)
    last_us = min(end_us(transcript), scenario.duration)
    if not 0 <= t_us < last_us:
        raise UsageError(
            f"can't take over at {format_clock(t_us)}: this session went from T+00:00 to {format_clock(last_us)}"
        )
    session = _begin(transcript, scenario, out, world_factory)
    session.record("rewound", {"parent": parent_of(transcript), "t_us": t_us}, actor="host")
    try:
        _give(session, (record for record in transcript.records if _moment(record) < t_us))
        session.step(t_us)
        session.control("pause", actor="host")
    except BaseException:
        session.close()
        raise
    return session


def parent_of(transcript: Transcript) -> dict[str, Any]:
    """Return how a new transcript names the one it came from."""
    header, records = transcript.header, transcript.records
    return {"sid": header["sid"], "head": records[-1].link if records else header["link"]}


def _begin(transcript: Transcript, scenario: Scenario, out: Path, world_factory: WorldFactory) -> IncidentSession:
    """Start a session of the same scenario, seed and cast."""
    header = transcript.header
    cast = Cast.from_json(header["cast"])
    return IncidentSession.create(
        scenario,
        seed=int(header["seed"]),
        cast=cast,
        path=out,
        sid=out.stem,
        level=level_of(header),
        world_factory=world_factory,
    )


def _give(session: IncidentSession, records: Iterable[Record]) -> tuple[int, tuple[str, ...]]:
    """Give the session what these records hold, at their moments; return lines given, and those refused."""
    given, refused = 0, []
    for record in records:
        if record.type == "view_opened":
            session.step(record.t_us)
            session.view_opened(str(record.body["screen"]))
            continue
        line = _line(record)
        if not line:
            continue
        session.step(max(_moment(record), session.now_us))
        ack = session.submit(line)
        given += 1
        if not ack.accepted:
            refused.append(f"{line}: {ack.text}")
    return given, tuple(refused)


def _moment(record: Record) -> int:
    """Return when a record's line was typed: for a command, within the tick before the one it applied at."""
    return record.t_us - TICK_US if record.type == "accepted" else record.t_us


def _line(record: Record) -> str:
    """Return the line that makes a record like this one; empty when nothing a person typed did."""
    body = record.body
    try:
        match record.type:
            case "accepted":
                return format_command(command_of(record))
            case "look":
                return format_command(Command(verb=str(body["verb"]), args=dict(body["args"])))
            case "hypothesis":
                return format_command(Command(verb="hypothesis", args=_belief(body, "statement", "cause")))
            case "diagnosis":
                return format_command(Command(verb="diagnose", args=_belief(body, "component", "fault")))
            case "rule_out":
                return format_command(Command(verb="rule-out", args={"what": str(body["text"])}))
            case "note" | "status":
                return format_command(Command(verb=record.type, args={"text": str(body["text"])}))
            case "ack" | "hint":
                return record.type
            case "severity":
                return format_command(Command(verb="declare", args={"severity": str(body["severity"])}))
            case "end" if body.get("reason") == "resolved":
                text = str(body.get("text", ""))
                return format_command(Command(verb="resolve", args={"text": text} if text else {}))
    except CommandError:
        return ""
    return ""


def _belief(body: dict[str, object], *names: str) -> dict[str, str]:
    args = {name: str(body[name]) for name in names if body.get(name)}
    return {**args, "p": format_ratio(int(str(body["p_ppm"])))}
