"""The reference check: every name a scenario uses exists, every value fits what it names.

The loader calls `check` on a validated scenario; problems point at the line of the name. Root causes,
evidence, team and scripts are checked in `check_story`, size in `estimate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from incidentsim.scenario.cast import roles_of
from incidentsim.scenario.check_names import check_cause, check_knob_path, check_knob_value, check_step_model
from incidentsim.scenario.check_rules import check_rules
from incidentsim.scenario.check_scripts import scripts_of
from incidentsim.scenario.check_story import check_condition, check_story
from incidentsim.scenario.estimate import check_size
from incidentsim.scenario.model import Change, FaultPlan, Scenario
from incidentsim.scenario.naming import SINGLES, Inventory, inventory, kind_of
from incidentsim.scenario.params import parse_params
from incidentsim.scenario.parts import ObservabilityPart
from incidentsim.scenario.problems import Path, did_you_mean
from incidentsim.scenario.validate import Located
from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.faults import FAULTS
from incidentsim.specs.knobs import format_duration
from incidentsim.specs.metrics import METRICS

Values = Mapping[str, str | int | float | bool]

WATCHER = "observability"
"""Monitoring begins to work with the prelude: nothing can have set it before."""


def check(scenario: Scenario, located: Located) -> dict[int, dict[str, Any]]:
    """Report every reference that leads nowhere; return the parsed fault parameters by timeline index."""
    known = inventory(scenario)
    _check_unique(scenario, located)
    _check_stack(scenario, located)
    for component, knobs in scenario.overrides.items():
        _check_knobs(component, knobs, ("overrides", component), known, located)
    parsed = _check_timeline(scenario, known, located)
    check_story(scenario, known, located)
    check_size(scenario, parsed, located)
    return parsed


def _check_unique(scenario: Scenario, located: Located) -> None:
    reserved = {*SINGLES, *roles_of(scenario), *(pool.id for pool in scenario.stack.pools)}
    for i, tenant in enumerate(scenario.tenants):
        if tenant.id in reserved:
            located.report(("tenants", i, "id"), f"{tenant.id!r} is a component or a role; choose another id")
    changes: list[tuple[Path, str]] = [
        (("timeline", i, "change", "id"), e.change.id) for i, e in enumerate(scenario.timeline) if e.change
    ]
    faults: list[tuple[Path, str]] = [
        (("timeline", i, "fault", "id"), e.fault.id) for i, e in enumerate(scenario.timeline) if e.fault
    ]
    scripts: list[tuple[Path, str]] = [((*path, "name"), script.name) for path, script in scripts_of(scenario)]
    groups: list[tuple[str, Iterable[tuple[Path, str]]]] = [
        ("tenant", [(("tenants", i, "id"), t.id) for i, t in enumerate(scenario.tenants)]),
        ("objective", [(("slos", i, "id"), s.id) for i, s in enumerate(scenario.slos)]),
        ("pool", [(("stack", "pools", i, "id"), p.id) for i, p in enumerate(scenario.stack.pools)]),
        ("root cause", [(("root_causes", i, "id"), c.id) for i, c in enumerate(scenario.root_causes)]),
        ("role", [(("team", i, "role"), m.role) for i, m in enumerate(scenario.team)]),
        ("change", changes), ("fault", faults), ("script", scripts),
    ]  # fmt: skip
    for what, names in groups:
        seen: set[str] = set()
        for path, name in names:
            if name in seen:
                located.report(path, f"there is already a {what} called {name!r}")
            seen.add(name)


def _check_stack(scenario: Scenario, located: Located) -> None:
    stack = scenario.stack
    for part in ("gateway", "router", "autoscaler"):
        _check_values(part, getattr(stack, part).knobs, ("stack", part, "knobs"), located)
        if getattr(stack, part).id != part:
            located.report(("stack", part, "id"), f"the {part}'s id is {part!r}")
    _check_observability(stack.observability, located)
    pools = [pool.id for pool in stack.pools]
    for i, pool in enumerate(stack.pools):
        _check_values("pool", pool.knobs, ("stack", "pools", i, "knobs"), located)
        if kind_of(pool.id) != "pool":
            located.report(("stack", "pools", i, "id"),
                           f"{pool.id!r} is the name of another component, of the kind {kind_of(pool.id)}")  # fmt: skip
        check_step_model(pool, ("stack", "pools", i), located)
    _check_autoscalers(scenario, pools, located)
    components = [part.id for part in stack.components]
    for i, component in enumerate(stack.components):
        path: Path = ("stack", "components", i)
        _check_values(component.kind, component.knobs, (*path, "knobs"), located)
        if kind_of(component.id) != component.kind:
            located.report((*path, "id"), f"call it {component.kind!r} or {component.kind + '-…'!r}")
        if component.id in components[:i]:
            located.report((*path, "id"), f"there is already a component called {component.id!r}")
    for i, route in enumerate(stack.routes):
        _check_values("route", route.knobs, ("stack", "routes", i, "knobs"), located)
        stages = [part.id for part in stack.components if COMPONENTS[part.kind].stage]
        for field, names in (("pools", pools), ("stages", stages)):
            for j, name in enumerate(getattr(route, field)):
                if name not in names:
                    located.report(("stack", "routes", i, field, j), f"there is no {name!r}{did_you_mean(name, names)}")
        if route.canary and route.canary not in route.pools[1:]:
            hint = did_you_mean(route.canary, route.pools[1:])
            located.report(("stack", "routes", i, "canary"), f"the canary is a later one of the route's pools{hint}")
    check_rules(stack.alert_rules, ("alert_rules",) if scenario.alert_rules else ("stack", "alert_rules"), located)


def _check_observability(part: ObservabilityPart, located: Located) -> None:
    path: Path = ("stack", "observability")
    _check_values("observability", part.knobs, (*path, "knobs"), located)
    for family, name in part.names.items():
        for metric in (family, name):
            if metric not in METRICS:
                hint = did_you_mean(metric, METRICS)
                located.report((*path, "names", family), f"there is no metric {metric!r}{hint}")


def _check_autoscalers(scenario: Scenario, pools: list[str], located: Located) -> None:
    stack = scenario.stack
    taken: list[str] = []
    for i, (part, pool) in enumerate(stack.all_autoscalers()):
        path: Path = ("stack", "autoscaler") if i == 0 else ("stack", "autoscalers", i - 1)
        if pool not in pools:
            located.report((*path, "pool"), f"there is no pool {pool!r}{did_you_mean(pool, pools)}")
        if pool in taken:
            located.report((*path, "pool"), f"the pool {pool!r} has an autoscaler already")
        taken.append(pool)
        if i and part.id != f"autoscaler-{pool}":
            located.report((*path, "id"), f"call it {'autoscaler-' + pool!r}")
        if i:
            _check_values("autoscaler", part.knobs, (*path, "knobs"), located)


def _check_knobs(component: str, knobs: Values, path: Path, known: Inventory, located: Located) -> None:
    kind = known.components.get(component)
    if kind is None:
        hint = did_you_mean(component, known.components)
        located.report(path, f"there is no component {component!r}{hint}", key=True)
    else:
        _check_values(kind, knobs, path, located)


def _check_values(kind: str, knobs: Values, path: Path, located: Located) -> None:
    for name, value in knobs.items():
        check_knob_value(kind, name, value, (*path, name), located)


def _check_timeline(scenario: Scenario, known: Inventory, located: Located) -> dict[int, dict[str, Any]]:
    parsed: dict[int, dict[str, Any]] = {}
    roles = roles_of(scenario)
    for i, entry in enumerate(scenario.timeline):
        path: Path = ("timeline", i)
        if entry.at > scenario.duration:
            located.report((*path, "at"), "later than the end of the scenario")
        early = entry.at < -scenario.prelude
        if early and (entry.page or entry.message):
            located.report((*path, "at"), "before the prelude: nobody would see it")
        if entry.when is not None:
            check_condition(entry.when, (*path, "when"), scenario, known, located)
            if entry.page:
                located.report((*path, "when"), "a page comes at its time")
        if entry.change:
            _check_change(entry.change, (*path, "change"), scenario, known, located)
            watching = [knob for knob in entry.change.sets if knob.startswith(f"{WATCHER}.")]
            if watching and entry.at <= -scenario.prelude:
                begins = format_duration(scenario.prelude)
                located.report((*path, "at"), f"{watching[0]} can't be set so early, since monitoring begins with the "
                               f"prelude (-{begins}); write it into overrides, or a later time")  # fmt: skip
        if entry.fault:
            values = _check_fault(entry.fault, (*path, "fault"), known, located)
            changes = [e.change.id for e in scenario.timeline if e.change]
            brought_by = entry.fault.with_change
            if brought_by and brought_by not in changes:
                located.report((*path, "fault", "with_change"),
                               f"there is no change {brought_by!r}{did_you_mean(brought_by, changes)}")  # fmt: skip
            spec = FAULTS.get(entry.fault.kind)
            if values is not None:
                parsed[i] = values
            if early and spec is not None and not spec.standing:
                located.report((*path, "at"), "before the prelude: only standing faults begin so early")
        if entry.message and entry.message.who not in roles:
            hint = did_you_mean(entry.message.who, roles)
            located.report((*path, "message", "who"), f"there is no role {entry.message.who!r}{hint}")
    return parsed


def _check_change(change: Change, path: Path, scenario: Scenario, known: Inventory, located: Located) -> None:
    for knob_path, value in change.sets.items():
        at = (*path, "sets", knob_path)
        check_knob_path(knob_path, value, (at, at), known, located)
    tenants = [tenant.id for tenant in scenario.tenants]
    if change.waiver and change.waiver.tenant not in tenants:
        hint = did_you_mean(change.waiver.tenant, tenants)
        located.report((*path, "waiver", "tenant"), f"there is no tenant {change.waiver.tenant!r}{hint}")
    pools = [pool.id for pool in scenario.stack.pools]
    if (change.revisions or change.pods) and (change.kind != "deploy" or change.target not in pools):
        located.report((*path, "revisions"), "only a deploy whose target is a pool rolls out revisions")
    if (change.kind == "waiver") != (change.waiver is not None):
        located.report((*path, "kind"), "a change of kind waiver has a waiver part, and no other has one")


def _check_fault(fault: FaultPlan, path: Path, known: Inventory, located: Located) -> dict[str, Any] | None:
    check_cause(fault.component, fault.kind, ((*path, "component"), (*path, "kind")), known, located)
    spec = FAULTS.get(fault.kind)
    if spec is None:
        return None
    parsed, problems = parse_params(spec, fault.params)
    for name, message in problems:
        at = (*path, "params", name) if name else (*path, "params")
        located.report(at, message, key=message.startswith("unknown"))
    return None if problems else parsed
