"""What the session knows from its own records, and nothing else.

Every record the recorder writes is applied here, and so is every record of a transcript that is resumed: the
same code makes a running and a resumed session the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from incidentsim.client_api import Ack
from incidentsim.exact import format_clock
from incidentsim.session.hints import hint_line
from incidentsim.session.thinking import Ledger
from incidentsim.transcript.model import Record, TimedCommand
from incidentsim.transcript.queries import command_of

_SPOKEN = {
    "status": "status sent",
    "severity": "severity declared",
    "ack": "page acknowledged",
    "note": "noted",
    "hypothesis": "hypothesis stated",
    "rule_out": "hypothesis ruled out",
    "diagnosis": "diagnosis committed",
    "look": "looked",
    "end": "the incident is over",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenView:
    """The screen in front and since when, in scenario time."""

    screen: str
    since_us: int


class SessionState:
    """The fold of all records so far. `acks` holds the first answer to each nonce."""

    __slots__ = (
        "_per_tick",
        "acknowledged",
        "acks",
        "commands",
        "ended",
        "hints_taken",
        "ledger",
        "paused",
        "severity",
        "speed_milli",
        "undone",
        "view",
    )

    def __init__(self, *, most_causes: int) -> None:
        self.acknowledged = False
        self.acks: dict[str, Ack] = {}
        self.commands: dict[int, TimedCommand] = {}
        self.ended = ""
        self.hints_taken = 0
        self.ledger = Ledger(most_causes)
        self.paused = False
        self.severity = ""
        self.speed_milli = 1_000
        self.undone: dict[int, int] = {}
        self.view: OpenView | None = None
        self._per_tick: dict[int, int] = {}

    def next_k(self, t_us: int) -> int:
        """Return the order of the next command at this tick."""
        return self._per_tick.get(t_us, 0)

    def apply(self, record: Record) -> None:
        """Take in one record."""
        body = record.body
        match record.type:
            case "accepted":
                self._accepted(record)
            case "undone":
                self.undone[body["ref"]] = body["by"]
            case "hypothesis" | "rule_out" | "diagnosis":
                self.ledger.apply(record.type, record.t_us, body)
            case "ack":
                self.acknowledged = True
            case "hint":
                self.hints_taken = body["number"]
            case "severity":
                self.severity = body["severity"]
            case "pause" | "recovered":
                self.paused = True
                self.view = None if record.type == "recovered" else self.view
            case "resume":
                self.paused = False
            case "clock":
                self.speed_milli = body["speed_milli"]
            case "view_opened":
                self.view = OpenView(screen=body["screen"], since_us=record.t_us)
            case "view_closed":
                self.view = None
            case "end" | "abandon":
                self.ended = body.get("reason", record.type)
        nonce = body.get("nonce")
        if nonce and nonce not in self.acks:
            self.acks[nonce] = _answer(record, body)

    def _accepted(self, record: Record) -> None:
        command = command_of(record)
        if not command.dry_run:
            self._per_tick[record.t_us] = max(self._per_tick.get(record.t_us, 0), record.k + 1)
        self.commands[record.seq] = TimedCommand(t_us=record.t_us, k=record.k, ref=record.seq, command=command)


def tick_text(t_us: int) -> str:
    """Return a tick as `T+04:12.3`."""
    return f"{format_clock(t_us)}.{abs(t_us) // 100_000 % 10}"


def _answer(record: Record, body: dict[str, Any]) -> Ack:
    """Return the Ack that a record stands for, for a resend after a restart; its view is gone."""
    rejected = record.type == "rejected"
    if rejected:
        text = body["reason"]
    elif record.type == "hint":
        text = hint_line(body)
    else:
        text = _SPOKEN.get(record.type, f"#{record.seq} applies at {tick_text(record.t_us)}")
    return Ack(accepted=not rejected, seq=record.seq, t_us=record.t_us, k=record.k, text=text)
