"""The names that are known in one session: what completion offers and the grammar checks against."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Names a candidate may use, as they are shown (cast names, not the scenario's stable ids).

    `components` maps each component's shown name to its kind. `causes` are (component, fault kind) pairs:
    the closed vocabulary of diagnoses, the same for every scenario of a stack, so it tells nothing. `changes` are in
    order of time; `change_notes` says of each what the change log says.
    """

    components: dict[str, str] = field(default_factory=dict)
    tenants: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    replicas: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    change_notes: dict[str, str] = field(default_factory=dict)
    waivers: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    runbooks: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    causes: tuple[tuple[str, str], ...] = ()
