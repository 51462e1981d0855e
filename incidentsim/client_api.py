"""What a client of a session sees: the `Session` protocol and its projected types.

The terminal, plain mode, scripts and policies (and later the network) are all clients of this protocol, and
import nothing else of the core. Everything here is already projected for one role: a candidate's client is
never handed the truth. Times are scenario microseconds, T+0 = 0. Text is already cleaned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from incidentsim.specs.vocabulary import Vocabulary

Health = Literal["ok", "warn", "bad", "unknown"]
Phase = Literal["prelude", "live", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """The answer to a command. `accepted` means it is on disk, with number `seq`, and applies at `t_us`.

    A rejected command changed nothing; `text` says why and what to do. For look, think and communicate
    verbs and for dry runs, `view` holds the result.
    """

    accepted: bool
    seq: int
    t_us: int
    k: int
    text: str
    view: View | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One curve: labels and (time, value) points in rising time."""

    labels: dict[str, str]
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One log record. `index` rises by one per record kept and identifies it."""

    index: int
    t_us: int
    level: str
    service: str
    host: str
    message: str
    fields: dict[str, str]
    trace_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Matching lines in rising index; `next_index` continues; `hidden` counts lines the filter left out."""

    lines: tuple[LogLine, ...]
    next_index: int
    hidden: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One bar of a request waterfall. `depth` indents it below its parent."""

    name: str
    service: str
    start_us: int
    end_us: int
    depth: int
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The result of looking at something: readable `lines`, and typed data where a screen can do more.

    `kind` is the verb that made it (`query`, `logs`, `trace`, ...), `title` what was looked at.
    """

    kind: str
    title: str
    lines: tuple[str, ...]
    series: tuple[Series, ...] = ()
    logs: tuple[LogLine, ...] = ()
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEvent:
    """One event of the transcript, as this role may see it. `type` and `body` are as in the transcript."""

    seq: int
    t_us: int
    type: str
    actor: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One tile of the overview. `band` is the 5-95 % range before the page, `objective` a line to stay below."""

    key: str
    title: str
    unit: str
    promql: str
    value: float | None
    trend: float
    health: Health
    band: tuple[float, float] | None = None
    objective: float | None = None
    line: str = "SLO"
    """What `objective` is: the line of a service-level objective, or a `limit` of the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One alert: `state` is firing, pending or inactive."""

    name: str
    state: str
    severity: str
    since_us: int
    summary: str
    expr: str
    silenced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """One entry of the change log; `detail` is its diff and remarks, line by line."""

    id: str
    t_us: int
    kind: str
    target: str
    actor: str
    summary: str
    detail: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRow:
    """One node of the topology as monitoring sees it. `edges` are names it sends traffic to, with a rate text."""

    name: str
    kind: str
    health: Health
    summary: str
    edges: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HypothesisRow:
    """One entry of the candidate's own ledger: `state` is open, ruled out, or committed."""

    number: int
    t_us: int
    statement: str
    cause: str
    p: float
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A service-level objective as the briefing states it."""

    name: str
    text: str
    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """What does not change during a session, as the briefing shows it."""

    session_id: str
    scenario: str
    title: str
    level: str
    briefing: str
    page: str
    duration_us: int
    prelude_us: int
    tick_us: int
    role: str
    objectives: tuple[Objective, ...]
    team: tuple[tuple[str, str, str], ...]
    """(name as used in `ask`, role, reachable by: channel or page)"""
    diagram: tuple[str, ...]
    rules: tuple[str, ...]
    transcript_path: str
    hints: tuple[int, ...] = ()
    """Prices of the hints there are, in their order, in points of the practice index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the person on call sees at a glance at scenario time `t_us`."""

    t_us: int
    phase: Phase
    paused: bool
    speed: float
    severity: str
    acknowledged: bool
    burn: float | None
    budget_left: float | None
    cost_per_hour: float
    tiles: tuple[Tile, ...]
    alerts: tuple[AlertRow, ...]
    components: tuple[ComponentRow, ...]
    changes: tuple[ChangeRow, ...]
    hypotheses: tuple[HypothesisRow, ...]
    runbooks: tuple[tuple[str, str], ...]
    """(name, Markdown text)"""
    last_seq: int
    log_index: int


class Session(Protocol):
    """One client's door into one incident.

    `submit` is the only way to change anything. Everything else reads. Implementations are single-threaded:
    call them from the loop that runs the session.
    """

    def info(self) -> SessionInfo:
        """Return what does not change."""
        ...

    def vocabulary(self) -> Vocabulary:
        """Return the names known now, for completion."""
        ...

    async def submit(self, text: str, *, nonce: str = "") -> Ack:
        """Record, acknowledge and (at its tick) apply one command line.

        Never raises for what a person typed: a wrong command comes back not accepted, with the reason.
        A resend with the same non-empty nonce returns the first Ack again.
        """
        ...

    async def view_opened(self, screen: str) -> None:
        """Say that a screen came to the front; the one before is thereby closed. Recorded."""
        ...

    async def control(self, action: str, value: float = 0.0) -> None:
        """Pacing: `pause`, `resume`, `speed` (value = factor, 0 = as fast as possible), `abandon`. Recorded."""
        ...

    async def wait_until(self, t_us: int) -> bool:
        """Return when scenario time has reached `t_us`, or the session ended (then False)."""
        ...

    def events(self, since_seq: int = -1) -> Sequence[ClientEvent]:
        """Return the events this role may see with seq > `since_seq`, in order."""
        ...

    def snapshot(self) -> Snapshot:
        """Return the state at a glance; cheap enough for five calls a second."""
        ...

    def chart(self, promql: str, start_us: int, end_us: int, step_us: int) -> tuple[Series, ...]:
        """Evaluate a range query for something already on screen; not recorded. Raises QueryError."""
        ...

    def logs(self, filter_text: str, *, after: int = -1, limit: int = 500) -> LogPage:
        """Return the oldest matching lines with index > `after` (-1: the newest `limit`). Raises QueryError."""
        ...
