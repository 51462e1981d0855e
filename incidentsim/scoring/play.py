"""A transcript read once into what the person did: commands, looks, screens, beliefs, words.

Called by `score.score` and by tests. Names are translated from the session's cast to stable ids here and
nowhere else, so every other module compares ids, and a renamed cast changes no score. Wall times are never
read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from incidentsim.commands.model import Command
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.specs.verbs import VERBS
from incidentsim.transcript.model import Record, TimedCommand
from incidentsim.transcript.queries import command_of

Names = Callable[[str], str]
"""Shown name to stable id, tenants as `tenant.ID`; a name that is not in the cast comes back as it is."""

Cause = tuple[str, str]
"""(component, fault kind), in stable ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point of the record: what has a smaller seq, and is not later in scenario time, was before."""

    t_us: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued(Moment):
    """A command the world was given or asked to preview. `text` is what the person typed."""

    k: int
    command: Command
    text: str

    def timed(self) -> TimedCommand:
        """Return it in the form that re-simulation takes."""
        return TimedCommand(t_us=self.t_us, k=self.k, ref=self.seq, command=self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked(Moment):
    """An explicit look whose result had at least one line."""

    verb: str
    args: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenShown(Moment):
    """A screen that was in front for `open_us` of scenario time."""

    screen: str
    open_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief(Moment):
    """A cause held with a probability: a hypothesis that names one, or a committed diagnosis."""

    cause: Cause
    p_ppm: int
    committed: bool
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated(Moment):
    """A hypothesis as it was typed; `cause` is None when it names none."""

    number: int
    text: str
    cause: Cause | None
    p_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledOut(Moment):
    """A hypothesis dropped by its number."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Moment):
    """Words to others or to oneself. `kind` is status, resolve or note."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Moment):
    """A team-mate's answer to the question with number `ref`."""

    ref: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HintTaken(Moment):
    """A hint that was taken; `price` in points of the practice index."""

    number: int
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Everything a person did, in order of the record."""

    issued: tuple[Issued, ...] = ()
    looks: tuple[Looked, ...] = ()
    screens: tuple[ScreenShown, ...] = ()
    beliefs: tuple[Belief, ...] = ()
    stated: tuple[Stated, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    said: tuple[Said, ...] = ()
    answers: tuple[Answered, ...] = ()
    acks: tuple[Moment, ...] = ()
    severities: tuple[Moment, ...] = ()
    hints: tuple[HintTaken, ...] = ()
    reverts: tuple[tuple[int, int], ...] = ()
    """(number of the undoing command, number of the command it reverts)"""
    end_us: int | None = None

    def hint_points(self) -> int:
        """Return what the hints taken cost, in points of the practice index."""
        return sum(hint.price for hint in self.hints)  # exact: ints

    def given(self) -> tuple[Issued, ...]:
        """Return the commands that went to the world: everything but dry runs."""
        return tuple(i for i in self.issued if not i.command.dry_run)


def read_play(records: Sequence[Record], names: Names) -> Play:
    """Return what `records` say the person did. Redacted and unknown records are passed over."""
    found: dict[str, list[Any]] = {}
    opened: dict[str, Record] = {}
    reverts: dict[int, int] = {}
    end_us: int | None = None

    def keep(group: str, item: object) -> None:
        found.setdefault(group, []).append(item)

    for r in records:
        body = r.body
        match r.type:
            case "accepted":
                issued = _issued(r)
                keep("issued", issued)
                number = issued.command.args.get("seq", "")
                if issued.command.verb == "undo" and number.isdigit() and not issued.command.dry_run:
                    reverts[r.seq] = int(number)
            case "undone":
                reverts[int(body["by"])] = int(body["ref"])
            case "look" if body.get("lines") not in (0, []):
                args = {str(key): str(value) for key, value in body.get("args", {}).items()}
                keep("looks", Looked(t_us=r.t_us, seq=r.seq, verb=str(body["verb"]), args=args))
            case "view_opened":
                opened[str(body["screen"])] = r
            case "view_closed":
                start = opened.pop(str(body["screen"]), None)
                if start is not None:
                    keep("screens", _shown(start, int(body["open_us"])))
            case "hypothesis":
                component, _, fault = str(body.get("cause") or "").rpartition(":")
                named = (names(component), fault) if fault else None
                if named is not None:
                    keep("beliefs", _belief(r, named, committed=False))
                keep("stated", _stated(r, named))
            case "diagnosis":
                cause = (names(str(body["component"])), str(body["fault"]))
                keep("beliefs", _belief(r, cause, committed=True))
            case "rule_out" if body.get("number"):
                keep("ruled_out", RuledOut(t_us=r.t_us, seq=r.seq, number=int(body["number"])))
            case "status" | "note" | "resolve":
                keep("said", Said(t_us=r.t_us, seq=r.seq, kind=r.type, text=str(body.get("text") or "")))
            case "message" if body.get("ref"):
                keep("answers", Answered(t_us=r.t_us, seq=r.seq, ref=int(body["ref"])))
            case "ack":
                keep("acks", Moment(t_us=r.t_us, seq=r.seq))
            case "severity":
                keep("severities", Moment(t_us=r.t_us, seq=r.seq))
            case "hint":
                price = max(0, int(body.get("price") or 0))
                keep("hints", HintTaken(t_us=r.t_us, seq=r.seq, number=int(body.get("number") or 0), price=price))
            case "end" | "abandon":
                end_us = r.t_us
                if str(body.get("reason", "")).startswith("resolve"):
                    keep("said", Said(t_us=r.t_us, seq=r.seq, kind="resolve", text=str(body.get("text") or "")))
    last_us = records[-1].t_us if records else 0
    for start in opened.values():
        keep("screens", _shown(start, last_us - start.t_us))
    groups: dict[str, Any] = {group: tuple(items) for group, items in found.items()}
    return Play(reverts=tuple(sorted(reverts.items())), end_us=end_us, **groups)


def names_of(cast: Cast, scenario: Scenario) -> Names:
    """Return the translation from a cast's names to the ids that a scenario's causes and evidence use."""
    tenants = {tenant.id: f"tenant.{tenant.id}" for tenant in scenario.tenants}

    def stable(shown: str) -> str:
        found = cast.id_or_none(shown) or shown
        return tenants.get(found, found)

    return stable


def world_verb(verb: str) -> bool:
    """Return whether the world is given this verb: act verbs, questions and pages."""
    spec = VERBS.get(verb)
    return spec is not None and (spec.group == "act" or verb in ("ask", "page"))


def _issued(r: Record) -> Issued:
    command = command_of(r)
    return Issued(t_us=r.t_us, seq=r.seq, k=r.k, command=command, text=str(r.body.get("text") or command.verb))


def _shown(start: Record, open_us: int) -> ScreenShown:
    return ScreenShown(t_us=start.t_us, seq=start.seq, screen=str(start.body["screen"]), open_us=open_us)


def _stated(r: Record, cause: Cause | None) -> Stated:
    p_ppm = r.body.get("p_ppm")
    return Stated(
        t_us=r.t_us, seq=r.seq, number=int(r.body.get("number") or 0), text=str(r.body.get("statement") or ""),
        cause=cause, p_ppm=1_000_000 if p_ppm is None else int(p_ppm),
    )  # fmt: skip


def _belief(r: Record, cause: Cause, *, committed: bool) -> Belief:
    p_ppm = r.body.get("p_ppm")
    return Belief(
        t_us=r.t_us, seq=r.seq, cause=cause, committed=committed,
        p_ppm=1_000_000 if p_ppm is None else int(p_ppm),
        number=int(r.body.get("number") or 0),
    )  # fmt: skip
