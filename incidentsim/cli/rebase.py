"""A recorded session played again on today's engine: the same lines at the same moments, a new transcript.

For records of another engine version, whose bits can't be replayed. What people said, looked at and thought
is carried over with the commands, so that the new transcript can be scored like the old one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from incidentsim.commands.format import format_command
from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.session.engine import TICK_US
from incidentsim.session.host import IncidentSession
from incidentsim.specs.knobs import format_ratio
from incidentsim.transcript.model import Record, Transcript
from incidentsim.transcript.queries import command_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebased:
    """What came of it: lines given again, and those that today's engine refused, with its reason."""

    given: int
    refused: tuple[str, ...]


def rebase(transcript: Transcript, scenario: Scenario, out: Path) -> Rebased:
    """Write a new transcript of the same play to `out`; its first record names the parent.

    Raises TranscriptError when `out` exists.
    """
    header = transcript.header
    cast = Cast.from_json(header["cast"])
    session = IncidentSession.create(scenario, seed=int(header["seed"]), cast=cast, path=out)
    parent = {
        "sid": header["sid"],
        "head": transcript.records[-1].link if transcript.records else header["link"],
    }
    session.record("rebased", {"parent": parent, "compat": header["engine"]["compat"]}, actor="host")
    given, refused = 0, []
    try:
        for record in transcript.records:
            if record.type == "view_opened":
                session.step(record.t_us)
                session.view_opened(str(record.body["screen"]))
                continue
            line = _line(record)
            if not line:
                continue
            # a command was typed within the tick before the one it applied at
            moment = record.t_us - TICK_US if record.type == "accepted" else record.t_us
            session.step(max(moment, session.now_us))
            ack = session.submit(line)
            given += 1
            if not ack.accepted:
                refused.append(f"{line}: {ack.text}")
        session.step(scenario.duration)
    finally:
        session.close()
    return Rebased(given=given, refused=tuple(refused))


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
            case "ack":
                return "ack"
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
