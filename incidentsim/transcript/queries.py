"""Questions about a transcript: its commands, looks, checkpoints, opened screens, and its behaviour digest.

Asked by replay, scoring, reports and certificates. Pure functions of the records.

The behaviour digest is what two plays share when they behaved the same. It covers the scenario, seed, cast
and engine compatibility; every command that reached the world, as (t, k, verb, arguments); and every fact the
world reported, checkpoints with their digests among them. It leaves out what a person did at their own pace
and the world can't see: sid, times of day, platform, salts, numbers in the file, pauses, speeds, recoveries,
looks, views, thoughts, dry runs and rejected lines. References between records are by the command's rank, not
its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from incidentsim.commands.model import Command
from incidentsim.errors import TranscriptError
from incidentsim.events import CheckpointTaken, Fact, as_body
from incidentsim.exact import RollingDigest
from incidentsim.transcript.model import Record, TimedCommand, Transcript

FACT_TYPES = ("effect", "alert_fired", "alert_cleared", "page", "message", "change", "fault", "checkpoint")
"""Record types that the world reports (`events.WorldFact`), as opposed to what people and the session do."""

_REFERENCE_TYPES = ("effect", "message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One explicit look at a signal: `args` as typed, `digest` of what was shown."""

    seq: int
    t_us: int
    verb: str
    args: dict[str, str]
    digest: str
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedView:
    """A screen that was in front from `opened_us` to `closed_us` of scenario time."""

    seq: int
    screen: str
    opened_us: int
    closed_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFact:
    """A fact as recorded: its time, its type, and of its body what two plays that behaved the same share."""

    t_us: int
    type: str
    body: dict[str, Any]


def of_type(transcript: Transcript, *types: str) -> tuple[Record, ...]:
    """Return the records of these types, in order."""
    return tuple(record for record in transcript.records if record.type in types)


def command_of(record: Record) -> Command:
    """Return the command that an `accepted` record holds. Raises TranscriptError when it holds none."""
    body = record.body
    args, verb = body.get("args"), body.get("verb")
    if not isinstance(verb, str) or not isinstance(args, dict) or any(not isinstance(v, str) for v in args.values()):
        raise TranscriptError(f"record {record.seq} is not a command: its verb or arguments are not text")
    return Command(
        verb=verb, args=dict(args), because=str(body.get("because", "")), dry_run=body.get("dry_run") is True
    )


def commands(transcript: Transcript) -> tuple[TimedCommand, ...]:
    """Return what the world was given, in the order it applied; dry runs are not among it."""
    timed = (
        TimedCommand(t_us=record.t_us, k=record.k, ref=record.seq, command=command_of(record))
        for record in of_type(transcript, "accepted")
    )
    return tuple(sorted((c for c in timed if not c.command.dry_run), key=lambda c: (c.t_us, c.k)))


def looks(transcript: Transcript) -> tuple[Look, ...]:
    """Return every explicit look, in order."""
    return tuple(
        Look(
            seq=r.seq,
            t_us=r.t_us,
            verb=str(r.body.get("verb", "")),
            args=dict(r.body.get("args", {})),
            digest=str(r.body.get("digest", "")),
            lines=int(r.body.get("lines", 0)),
        )
        for r in of_type(transcript, "look")
    )


def views(transcript: Transcript) -> tuple[OpenedView, ...]:
    """Return the screens that were in front; one that was never closed ends with the transcript."""
    opened: list[OpenedView] = []
    current: Record | None = None
    for record in of_type(transcript, "view_opened", "view_closed", "end", "abandon", "recovered"):
        if current is not None:
            opened.append(_view(current, record.t_us))
        current = record if record.type == "view_opened" else None
    if current is not None:
        opened.append(_view(current, end_us(transcript)))
    return tuple(opened)


def facts(transcript: Transcript) -> tuple[ReportedFact, ...]:
    """Return what the world reported, in order."""
    return tuple(ReportedFact(t_us=r.t_us, type=r.type, body=_shared(r.body)) for r in of_type(transcript, *FACT_TYPES))


def reported(fact: Fact) -> ReportedFact:
    """Return a fact as `facts` returns it once it is recorded."""
    return ReportedFact(t_us=fact.t_us, type=fact.type, body=_shared(as_body(fact)))


def _shared(body: dict[str, Any]) -> dict[str, Any]:
    # a checkpoint's parts follow from what its dyn covers, and earlier records lack them
    return {name: value for name, value in body.items() if name != "parts"} if "parts" in body else body


def checkpoints(transcript: Transcript) -> tuple[CheckpointTaken, ...]:
    """Return the checkpoints, in order. Raises TranscriptError when one is malformed."""
    return tuple(_checkpoint(record) for record in of_type(transcript, "checkpoint"))


def last_checkpoint(transcript: Transcript) -> CheckpointTaken | None:
    """Return the last checkpoint, or None."""
    for record in reversed(transcript.records):
        if record.type == "checkpoint":
            return _checkpoint(record)
    return None


def end_us(transcript: Transcript) -> int:
    """Return the scenario time at which the session ended, or the last one recorded while it has not."""
    for record in reversed(transcript.records):
        if record.type in ("end", "abandon"):
            return record.t_us
    return max((r.t_us for r in transcript.records if r.type != "accepted"), default=0)


def has_ended(transcript: Transcript) -> bool:
    """Say whether the session was ended on purpose or by its time."""
    return any(record.type in ("end", "abandon") for record in reversed(transcript.records))


def behaviour_digest(transcript: Transcript) -> str:
    """Return the behaviour digest of a recorded session (see the module's text)."""
    return behaviour_of(transcript.header, commands(transcript), facts(transcript))


def behaviour_of(header: dict[str, Any], timed: Sequence[TimedCommand], reported: Iterable[ReportedFact]) -> str:
    """Return the behaviour digest of these commands and facts under `header`'s scenario, seed and cast."""
    engine = header.get("engine", {})
    digest = RollingDigest()
    digest.add_json(
        {
            "scenario": header.get("scenario"),
            "seed": header.get("seed"),
            "cast": header.get("cast"),
            "rng": header.get("rng"),
            "tick_us": header.get("tick_us"),
            "compat": engine.get("compat"),
        }
    )
    rank = {command.ref: place for place, command in enumerate(timed, 1)}
    for command in timed:
        digest.add_json([command.t_us, command.k, command.command.verb, command.command.args])
    for fact in reported:
        body = fact.body
        if fact.type in _REFERENCE_TYPES:
            body = {**body, "ref": rank.get(body.get("ref", 0), 0)}
        digest.add_json([fact.t_us, fact.type, body])
    return digest.hex()


def _view(record: Record, closed_us: int) -> OpenedView:
    screen = str(record.body.get("screen", ""))
    return OpenedView(seq=record.seq, screen=screen, opened_us=record.t_us, closed_us=closed_us)


def _checkpoint(record: Record) -> CheckpointTaken:
    try:
        return CheckpointTaken(t_us=record.t_us, **record.body)
    except TypeError:
        raise TranscriptError(f"record {record.seq} is not a checkpoint of this version") from None
