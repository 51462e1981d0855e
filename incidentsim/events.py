"""The vocabulary of facts: what the world did, as frozen dataclasses named in the past tense.

The world hands them to whoever drives it (a session, a policy harness, a test); the recorder writes them
with `as_body`. Times are scenario microseconds. `vis` says who may see a fact: c candidate, i interviewer,
g ground truth.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Base of all facts. `type` is the transcript's event type, `vis` its default visibility."""

    type: ClassVar[str] = ""
    vis: ClassVar[str] = "cig"
    t_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectObserved(Fact):
    """A command (by its transcript number `ref`) took effect, in part or in full, or failed later.

    `stage` is `applied`, `progress`, `done` or `failed`.
    """

    type: ClassVar[str] = "effect"
    ref: int
    stage: str
    text: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFired(Fact):
    """An alert went from pending to firing. `silenced` alerts fire too, but nobody is told."""

    type: ClassVar[str] = "alert_fired"
    alert: str
    severity: str
    labels: dict[str, str]
    summary: str
    silenced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCleared(Fact):
    """A firing alert's expression no longer holds."""

    type: ClassVar[str] = "alert_cleared"
    alert: str
    labels: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged(Fact):
    """The on-call person was paged; T+0 is the first of these."""

    type: ClassVar[str] = "page"
    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(Fact):
    """A team-mate wrote in the channel: an answer (`ref` is the question's number) or unasked (`ref` 0)."""

    type: ClassVar[str] = "message"
    who: str
    text: str
    ref: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRecorded(Fact):
    """A change was entered in the change log."""

    type: ClassVar[str] = "change"
    change: str
    summary: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultChanged(Fact):
    """Ground truth: a fault began, ended, or was removed at its root (`state`: on, off, removed, masked)."""

    type: ClassVar[str] = "fault"
    vis: ClassVar[str] = "g"
    component: str
    kind: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointTaken(Fact):
    """Every 10 s of scenario time: rolling digests and the service-level integers.

    `sli` maps `slo/tenant` (stable ids) to [offered so far, bad so far]. `parts` are short digests of the state by
    component, in the order of the world's `part_names`; it follows from what `dyn` covers, and is empty in records
    of earlier versions.
    """

    type: ClassVar[str] = "checkpoint"
    vis: ClassVar[str] = "g"
    dyn: str
    tel: str
    sli: dict[str, list[int]]
    cost_microdollars: int
    parts: str = ""


WorldFact = (
    EffectObserved | AlertFired | AlertCleared | Paged | MessageReceived | ChangeRecorded | FaultChanged
    | CheckpointTaken
)  # fmt: skip
"""Everything a world can report."""


def as_body(fact: Fact) -> dict[str, Any]:
    """Return the fact's fields, without its time, as plain JSON values."""
    body = asdict(fact)
    del body["t_us"]
    return body
