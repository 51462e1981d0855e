"""All knobs of a world by path: one place to read, set and show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from incidentsim.scenario.naming import kind_of, knob_at, stored_value
from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.knobs import KnobValue, format_value


class Tunable(Protocol):
    """A component that takes knobs."""

    def on_knob(self, name: str, value: KnobValue) -> None:
        """Take a new setting."""
        ...


class Settings:
    """Stored values by `component.knob` (stable ids), and the components they belong to."""

    def __init__(self) -> None:
        self._components: dict[str, Tunable] = {}
        self._values: dict[str, KnobValue] = {}

    def adopt(self, component: str, owner: Tunable, values: Mapping[str, KnobValue]) -> None:
        """Register a component with its starting values; they are handed to it where they differ from defaults."""
        self._components[component] = owner
        for knob in COMPONENTS[kind_of(component)].knobs:
            self._values[f"{component}.{knob.name}"] = values.get(knob.name, knob.default)

    def announce(self, component: str) -> None:
        """Tell a component its starting values."""
        owner = self._components[component]
        for path, value in self._values.items():
            name, _, knob = path.rpartition(".")
            if name == component:
                owner.on_knob(knob, value)

    def known(self, component: str) -> bool:
        """Whether the component exists."""
        return component in self._components

    def get(self, path: str) -> KnobValue:
        """Return a stored value."""
        return self._values[path]

    def set(self, path: str, value: KnobValue) -> None:
        """Change a value and tell its component."""
        self._values[path] = value
        component, _, knob = path.rpartition(".")
        self._components[component].on_knob(knob, value)

    def note(self, path: str, value: KnobValue) -> None:
        """Record a value that its component changed by itself (the autoscaler's replica count)."""
        self._values[path] = value

    def text(self, path: str) -> str:
        """Return a value as people see it."""
        knob = knob_at(path)
        assert knob is not None
        return format_value(knob, self._values[path])

    def parse(self, given: Mapping[str, object]) -> dict[str, KnobValue]:
        """Return stored values for `{path: text}`."""
        return {path: stored_value(path, str(text)) for path, text in given.items()}

    def state(self) -> list[object]:
        """Return all values in order."""
        return list(self._values.values())
