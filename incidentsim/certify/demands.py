"""What a catalogue of incidents must hold beside incidents of every shape: for the page of all scenarios.

Read from scenarios themselves, so that a scenario that changes is counted for what it is now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from incidentsim.scenario.model import Loss, RootCause, Scenario
from incidentsim.scenario.naming import kind_of
from incidentsim.specs.faults.observability import OBSERVABILITY_FAULTS

PEOPLES = frozenset({"organisation", "tenant", "job"})
"""Kinds of components where a cause is what people agreed, sent or scheduled, and not how the stack works."""

PROMISES = frozenset({"residency", "safety", "privacy"})
"""Kinds of objectives that can break while every request is answered in time."""

_BELIEVERS = frozenset({"router", "autoscaler"})

_LYING = frozenset(spec.kind for spec in OBSERVABILITY_FAULTS if spec.component not in _BELIEVERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A demand on the catalogue: at least `least` scenarios are such that `meets`."""

    title: str
    help: str
    least: int
    meets: Callable[[Scenario], bool]


def silent(scenario: Scenario) -> bool:
    """Return whether some cause is people's doing, or is told by no log."""
    return any(kind_of(c.component) in PEOPLES or not _logged(c) for c in scenario.root_causes)


def lying(scenario: Scenario) -> bool:
    """Return whether monitoring itself is at fault somewhere in it, as the cause or beside it."""
    return any(event.fault is not None and event.fault.kind in _LYING for event in scenario.timeline)


def promising(scenario: Scenario) -> bool:
    """Return whether something beside answers in time is at stake: where data lie, who reads it, or money."""
    return any(slo.kind in PROMISES for slo in scenario.slos) or scenario.loss.per_dollar > Loss().per_dollar


DEMANDS: tuple[Demand, ...] = (
    Demand(title="not technical, or in no log", least=6, meets=silent,
           help="A cause is what people agreed, sent or scheduled, or no log line tells it."),
    Demand(title="the telemetry lies", least=5, meets=lying,
           help="A metric, an exporter or a log pipeline shows what is not so."),
    Demand(title="served, and yet wrong", least=4, meets=promising,
           help="Answers can come in time while compliance breaks or money burns."),
)  # fmt: skip
"""So that nobody who practises learns that the cause is always a number in the stack that somebody can set back."""


def demanded(known: Mapping[str, Scenario]) -> list[tuple[str, str, str, str]]:
    """Return a row for each demand: title, help, how many are wanted and there, and which scenarios they are."""
    rows = []
    for demand in DEMANDS:
        names = [name for name, scenario in known.items() if demand.meets(scenario)]
        rows.append((demand.title, demand.help, f"{len(names)} (at least {demand.least})", ", ".join(names) or "none"))
    return rows


def _logged(cause: RootCause) -> bool:
    return any(item.startswith("logs:") for group in cause.evidence for item in group)
