"""What every component of a stack is: settings, a description, its state for the digest, its health.

A stage is a component that requests pass on their way to a model (or that answers them itself).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from incidentsim.client_api import Health
from incidentsim.scenario.naming import kind_of
from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.knobs import KnobValue, format_value
from incidentsim.telemetry.store import SeriesStore

if TYPE_CHECKING:
    from incidentsim.world.stack.requests import Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentState:
    """One component as monitoring sees it. `edges`: (name, traffic text)."""

    name: str
    kind: str
    health: Health
    summary: str
    edges: tuple[tuple[str, str], ...] = ()


class Component:
    """One part of the stack. Knobs start at their defaults; `settings` hands in the others before the start.

    Subclasses override `changed` to act on a new setting, and `status`, `view`, `state` to tell of themselves.
    """

    def __init__(self, component_id: str) -> None:
        self.id = component_id
        self.kind = kind_of(component_id)
        self._knobs: dict[str, KnobValue] = {k.name: k.default for k in COMPONENTS[self.kind].knobs}

    def on_knob(self, name: str, value: KnobValue) -> None:
        """Take a setting; at the start every knob is handed in once."""
        self._knobs[name] = value
        self.changed(name)

    def changed(self, name: str) -> None:
        """Act on the new value of a knob; nothing to do where the knob is read when it is needed."""

    def int_knob(self, name: str) -> int:
        """Return an integer, ratio, duration or switch."""
        # no check at run time: this is read several times for every request
        return self._knobs[name]  # type: ignore[return-value]

    def text_knob(self, name: str) -> str:
        """Return a choice."""
        return str(self._knobs[name])

    def pins(self) -> dict[str, tuple[str, ...]]:
        """Return what has a version that `pin` can fix: the known revisions of each key, the one in force first."""
        return {}

    def pin(self, key: str, revision: str) -> None:
        """Fix one of the revisions that `pins` returned. Raises KeyError where there is no such key."""
        raise KeyError(key)

    def describe(self) -> list[str]:
        """Return settings and state as the component's own API would show them."""
        knobs = COMPONENTS[self.kind].knobs
        return [f"{k.name} = {format_value(k, self._knobs[k.name])}" for k in knobs] + self.status()

    def status(self) -> list[str]:
        """Return what `inspect` shows besides the settings."""
        return []

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return its place in the topology, from reported metrics where there are some; None: not shown."""
        return ComponentState(name=self.id, kind=self.kind, health="ok", summary="")

    def held(self) -> int:
        """Return how many requests, sessions, entries or accounts it keeps, for the budget of bytes."""
        return 0

    def state(self) -> list[object]:
        """Return the integers and texts that define the component, for the dyn digest."""
        return list(self._knobs.values())


class Stage(Protocol):
    """A component that requests pass. After `enter`, exactly one of the gateway's `passed` and `failed` is called

    for the attempt, at once or later; not after `leave`.
    """

    id: str

    def enter(self, attempt: Attempt) -> None:
        """Take an attempt."""
        ...

    def leave(self, attempt: Attempt) -> None:
        """Forget an attempt whose client hung up."""
        ...
