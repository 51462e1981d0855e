"""What the terminal needs from whoever starts it: a gallery, sessions, a pump, a debrief.

The CLI implements it. The terminal may not import the world, scenarios or the scorer, so everything it
shows about them comes through here as plain values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from incidentsim.client_api import Session

PUMP_BUDGET_S = 0.008
"""Longest slice of stepping the world between two looks at the keyboard, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryEntry:
    """One scenario that can be played. `best_result` is empty when it was never finished."""

    id: str
    title: str
    summary: str
    level: str
    duration_us: int
    skills: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    best_result: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentEntry:
    """One session on disk."""

    session_id: str
    scenario: str
    when: str
    state: Literal["finished", "resumable"]
    result: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DebriefLine:
    """One line of a debrief; `seqs` link to the transcript, `mark` is good, bad or empty."""

    text: str
    seqs: tuple[int, ...] = ()
    mark: Literal["", "good", "bad"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DebriefSection:
    """One titled part of a debrief."""

    title: str
    lines: tuple[DebriefLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One headline number of a debrief: what it is, its value as text, and what it means."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Debrief:
    """What a person is told after a session."""

    headlines: tuple[Headline, ...]
    sections: tuple[DebriefSection, ...]
    strength: str
    improvement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemDraft:
    """The text of a postmortem to go on with. `saved` says whether it was written before, `path` where it is kept,
    `prove` is the command that proves its controls by running the incident again."""

    text: str
    saved: bool
    path: str
    prove: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLine:
    """One finding of a check: `line` is that of the text (from 1; 0: none), `seqs` are transcript numbers."""

    text: str
    line: int = 0
    seqs: tuple[int, ...] = ()
    mark: Literal["", "good", "bad"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPart:
    """One titled part of a check."""

    title: str
    lines: tuple[CheckedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemReport:
    """What a check of a postmortem found, as a candidate may see it."""

    strength: CheckedLine
    improvement: CheckedLine
    parts: tuple[CheckedPart, ...]


class HomeProvider(Protocol):
    """The terminal's only door to scenarios, sessions on disk, and the scorer.

    All methods run on the terminal's event loop. They raise `IncidentSimError` for what a person can put
    right; the terminal shows its message.
    """

    def gallery(self) -> tuple[GalleryEntry, ...]:
        """Return the scenarios, in the order to show them."""
        ...

    def recent(self) -> tuple[RecentEntry, ...]:
        """Return sessions on disk, newest first."""
        ...

    async def open(self, scenario_id: str, *, seed: int | None = None, level: str | None = None) -> Session:
        """Start a session of a scenario; its prelude is then simulated by `pump`."""
        ...

    async def resume(self, session_id: str) -> Session:
        """Open a session on disk: a resumable one comes back paused, a finished one as ended."""
        ...

    async def rewind(self, session: Session, t_us: int) -> Session:
        """Return a new session that stands paused at scenario time `t_us` of `session`, which is over.

        What happened before is as it was; the debrief of the new one compares both.
        """
        ...

    async def pump(self, session: Session, budget_s: float) -> None:
        """Step the world for at most `budget_s` of wall time, as far as pacing allows.

        At x1 this is also what advances the clock. It is called many times a second while a session is on
        screen; time during which it wasn't called must not be caught up with.
        """
        ...

    async def debrief(self, session: Session, progress: Callable[[float, str], None]) -> Debrief:
        """Score an ended session, telling `progress` the share done (0 to 1) and what is being done."""
        ...

    def postmortem(self, session: Session) -> PostmortemDraft:
        """Return the text saved before for an ended session, else the form to fill in."""
        ...

    def keep_postmortem(self, session: Session, text: str) -> None:
        """Write the text down, so that nothing is lost when the editor is left."""
        ...

    async def check_postmortem(self, session: Session, text: str) -> PostmortemReport:
        """Check the text against the record, and say what changed since the text that was checked before.

        No world is run, so this takes a moment; what action items would have prevented is not in it.
        """
        ...
