"""What the things of a scenario are called: its components with their kinds, and the knobs they have.

Names are stable ids. A component is called like its kind (`gateway`, `autoscaler`), or its kind with something
after a dash or a dot (`node-3`, `autoscaler-large`, `tenant.acme`, `route.chat`); what is called otherwise is a
pool. Replicas are `<pool>-<i>`; hosts are numbered through all pools, in their order. The reference check,
conditions, casts and lint read names through here.
"""

from __future__ import annotations

from dataclasses import dataclass

from incidentsim.scenario.model import Scenario, Stack
from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.faults import FAULTS
from incidentsim.specs.knobs import Knob, KnobValue, parse_value
from incidentsim.specs.metrics import METRICS
from incidentsim.specs.people import TEAM_ROLES
from incidentsim.specs.vocabulary import Vocabulary

SINGLES = ("gateway", "router", "autoscaler", "organisation", "observability")
"""Components that a stack has once, named after their kind."""


SPEAKERS: dict[str, tuple[str, ...]] = {
    "node": ("kernel", "kubelet", "node-problem-detector"),
    "pool": ("kubelet", "kube-scheduler", "kube-controller-manager"),
    "pipeline": ("airflow", "validator"),
    "response-cache": ("redis",),
    "control-plane": ("coredns",),
}
"""Programs around a component of each kind that write log lines under a name of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Every component of a scenario by stable id, with its kind; replicas apart."""

    components: dict[str, str]
    replicas: tuple[str, ...]

    def services(self) -> tuple[str, ...]:
        """Return the names that log lines carry as their service."""
        own = (c for c, kind in self.components.items() if kind not in ("tenant", "organisation", "node"))
        others = (name for kind in self.components.values() for name in SPEAKERS.get(kind, ()))
        return tuple(dict.fromkeys((*own, *others)))


def inventory(scenario: Scenario) -> Inventory:
    """Return all components that can exist in `scenario`."""
    stack = scenario.stack
    components = {name: name for name in SINGLES}
    replicas: list[str] = []
    for pool in stack.pools:
        components[pool.id] = "pool"
        replicas += [f"{pool.id}-{i}" for i in range(_most_replicas(scenario, pool.id))]
        components |= dict.fromkeys(node_ids(scenario, pool.id), "node")
    components |= dict.fromkeys((part.id for part in stack.autoscalers), "autoscaler")
    if stack.routes:
        components |= {f"route.{route.id}": "route" for route in stack.routes}
    for part in stack.components:
        components |= {part.id: part.kind} | part.children()
    components |= {f"tenant.{tenant.id}": "tenant" for tenant in scenario.tenants}
    return Inventory(components=components, replicas=tuple(replicas))


def node_ids(scenario: Scenario, pool_id: str) -> tuple[str, ...]:
    """Return the ids of the hosts that the replicas of a pool can stand on."""
    first = first_node(scenario, pool_id)
    return tuple(f"node-{first + i}" for i in range(_most_replicas(scenario, pool_id)))


def first_node(scenario: Scenario, pool_id: str) -> int:
    """Return the number of the host of a pool's first replica."""
    number = 0
    for pool in scenario.stack.pools:
        if pool.id == pool_id:
            return number
        number += _most_replicas(scenario, pool.id)
    raise KeyError(pool_id)


def _most_replicas(scenario: Scenario, pool_id: str) -> int:
    """Return the larger of what a pool's GPU quota allows and the replicas it starts with, within the knob's bound."""
    pool = next(p for p in scenario.stack.pools if p.id == pool_id)
    knob = COMPONENTS["pool"].knob("replicas")
    allowed = pool.gpu_quota // pool.gpus_per_replica
    if knob is None:
        return allowed
    written = scenario.overrides.get(pool_id, {}).get("replicas", pool.knobs.get("replicas", knob.default))
    try:
        wanted = parse_value(knob, str(written))
    except ValueError:
        wanted = knob.default  # the reference check reports the bad value
    return min(max(allowed, int(wanted)), knob.high)


def kind_of(component: str) -> str:
    """Return the kind a component of this name has, if it exists: what is called like no kind is a pool."""
    end = len(component)
    while end > 0:
        if component[:end] in COMPONENTS:
            return component[:end]
        end = max(component.rfind("-", 0, end), component.rfind(".", 0, end))
    return "pool"


def knob_at(path: str) -> Knob | None:
    """Return the knob that `component.knob` names, None when its kind has none of that name."""
    component, _, name = path.rpartition(".")
    return COMPONENTS[kind_of(component)].knob(name) if component else None


def stored_value(path: str, text: str) -> KnobValue:
    """Return the stored value of a knob's text, with or without the unit that people are shown.

    Raises ValueError when there is no such knob or the text is not a value of it.
    """
    knob = knob_at(path)
    if knob is None:
        raise ValueError(f"there is no knob {path}")
    body = text.strip()
    return parse_value(knob, body.removesuffix(knob.unit).strip() if knob.unit else body)


def vocabulary(scenario: Scenario) -> Vocabulary:
    """Return the names a command may use when every id is shown as it is (the plain cast)."""
    known = inventory(scenario)
    changes = [entry.change for entry in scenario.timeline if entry.change is not None]
    return Vocabulary(
        components=dict(known.components) | {tenant.id: "tenant" for tenant in scenario.tenants},
        tenants=tuple(tenant.id for tenant in scenario.tenants),
        pools=tuple(pool.id for pool in scenario.stack.pools),
        replicas=known.replicas,
        people=tuple(dict.fromkeys((*TEAM_ROLES, *(mate.role for mate in scenario.team)))),
        metrics=tuple(METRICS),
        labels={name: spec.labels for name, spec in METRICS.items()},
        changes=tuple(change.id for change in changes),
        waivers=tuple(change.id for change in changes if change.waiver is not None),
        alerts=alert_names(scenario.stack),
        runbooks=tuple(scenario.runbooks),
        services=known.services(),
        causes=tuple(
            (shown, fault.kind)
            for component, kind in known.components.items()
            for shown in dict.fromkeys((component, component.removeprefix("tenant.")))
            for fault in FAULTS.values()
            if fault.component == kind
        ),
    )


def alert_names(stack: Stack) -> tuple[str, ...]:
    """Return the names of a stack's alert rules, in their order."""
    names: list[str] = []
    groups = stack.alert_rules.get("groups")
    for group in groups if isinstance(groups, list) else []:
        rules = group.get("rules") if isinstance(group, dict) else None
        for rule in rules if isinstance(rules, list) else []:
            if isinstance(rule, dict) and isinstance(rule.get("alert"), str):
                names.append(rule["alert"])
    return tuple(names)
