"""References in what a scenario tells and scores: root causes, evidence, team, scripts, placeholders."""

from __future__ import annotations

from collections.abc import Iterator

from incidentsim.scenario.cast import FACTS, PLACEHOLDER, plain_cast
from incidentsim.scenario.check_names import check_cause, check_knob_path
from incidentsim.scenario.check_scripts import check_scripts
from incidentsim.scenario.evidence import problem_with
from incidentsim.scenario.model import Condition, RootCause, Scenario
from incidentsim.scenario.naming import Inventory, knob_at
from incidentsim.scenario.problems import Path, did_you_mean, quoted
from incidentsim.scenario.validate import Located
from incidentsim.specs.faults import FAULTS
from incidentsim.specs.people import TEAM_ROLES


def check_story(scenario: Scenario, known: Inventory, located: Located) -> None:
    """Report every reference in causes, team and scripts that leads nowhere."""
    for i, cause in enumerate(scenario.root_causes):
        _check_root_cause(cause, ("root_causes", i), scenario, known, located)
    _check_invariants(scenario, known, located)
    _check_team(scenario, located)
    _check_words(scenario, known, located)
    _check_first_texts(scenario, located)
    for i, hint in enumerate(scenario.hints):
        if not 0 <= hint.after < scenario.duration:
            located.report(("hints", i, "after"), "lies outside the incident: from 0 to before its end")
    check_scripts(scenario, located)
    cast = plain_cast(scenario)
    for path, text in texts_of(scenario):
        answer = (path[0] == "team" and "asks" not in path) or path[-2:] in (
            ("message", "text"),
            ("page", "text"),
        )
        for placeholder in cast.unknown_placeholders(text, FACTS if answer else frozenset()):
            facts = "".join(f", {{{fact}}}" for fact in sorted(FACTS)) if answer else ""
            forms = f"use {{tenant.ID}}, {{person.ROLE}}, {{host.ID}}{facts}"
            located.report(path, f"nothing to put in for {placeholder}; {forms}")


def texts_of(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    """Yield every text in which the cast's names are put; in those of the team also facts of the world."""
    for name in ("title", "summary", "briefing"):
        yield (name,), getattr(scenario, name)
    yield ("stack", "diagram"), scenario.stack.diagram
    for i, entry in enumerate(scenario.timeline):
        path: Path = ("timeline", i)
        if entry.page:
            yield (*path, "page", "text"), entry.page.text
            yield (*path, "page", "source"), entry.page.source
        if entry.message:
            yield (*path, "message", "text"), entry.message.text
        if entry.change:
            yield (*path, "change", "summary"), entry.change.summary
            yield (*path, "change", "actor"), entry.change.actor
            yield (*path, "change", "target"), entry.change.target
            for j, line in enumerate(entry.change.detail):
                yield (*path, "change", "detail", j), line
    for i, mate in enumerate(scenario.team):
        yield ("team", i, "otherwise"), mate.otherwise
        for j, topic in enumerate(mate.knows):
            for k, ask in enumerate(topic.asks):
                yield ("team", i, "knows", j, "asks", k), ask
            yield ("team", i, "knows", j, "answer"), topic.answer
            if topic.does:
                yield ("team", i, "knows", j, "does", "says"), topic.does.says
    for i, invariant in enumerate(scenario.invariants):
        yield ("invariants", i, "why"), invariant.why
    for i, cause in enumerate(scenario.root_causes):
        yield ("root_causes", i, "why"), cause.why
    for i, herring in enumerate(scenario.herrings):
        yield ("herrings", i), herring
    for i, rule in enumerate(scenario.rules):
        yield ("rules", i), rule
    for i, hint in enumerate(scenario.hints):
        yield ("hints", i, "text"), hint.text
    for name, text in scenario.runbooks.items():
        yield ("runbooks", name), text


def _check_first_texts(scenario: Scenario, located: Located) -> None:
    """Report placeholders in what is read before there is a cast, or beside objectives: nothing is put in there."""
    texts: list[tuple[Path, str]] = [(("title",), scenario.title), (("summary",), scenario.summary)]
    texts += [(("slos", i, "title"), slo.title) for i, slo in enumerate(scenario.slos)]
    for path, text in texts:
        found = PLACEHOLDER.search(text)
        if found:
            located.report(path, f"no name is put in for {found[0]} here; say it without names")


def _check_root_cause(cause: RootCause, path: Path, scenario: Scenario, known: Inventory, located: Located) -> None:
    planted = {(e.fault.component, e.fault.kind) for e in scenario.timeline if e.fault}
    check_cause(cause.component, cause.fault, ((*path, "component"), (*path, "fault")), known, located)
    spec = FAULTS.get(cause.fault)
    if spec is not None and not spec.standing and (cause.component, cause.fault) not in planted:
        located.report(path, f"the timeline plants no fault {cause.fault} on {cause.component}")
    for i, (component, fault) in enumerate(cause.aliases):
        check_cause(component, fault, ((*path, "aliases", i, 0), (*path, "aliases", i, 1)), known, located)
    for i, signals in enumerate(cause.evidence):
        if not signals:
            located.report((*path, "evidence", i), "an evidence set lists at least one signal")
        for j, signal in enumerate(signals):
            message = problem_with(signal, scenario, known)
            if message:
                located.report((*path, "evidence", i, j), message)
    check_condition(cause.removed_when, (*path, "removed_when"), scenario, known, located)
    _check_chain(cause, (*path, "chain"), located)


def _check_invariants(scenario: Scenario, known: Inventory, located: Located) -> None:
    for i, invariant in enumerate(scenario.invariants):
        check_condition(invariant.holds, ("invariants", i, "holds"), scenario, known, located)


def _check_chain(cause: RootCause, path: Path, located: Located) -> None:
    if not cause.chain:
        return
    reached = {cause.component}
    if not any(cause.component in edge for edge in cause.chain):
        located.report(path, f"no edge of the chain begins at the cause's component {cause.component}")
        return
    waiting = list(enumerate(cause.chain))
    while True:
        near = [(i, edge) for i, edge in waiting if edge[0] in reached or edge[1] in reached]
        if not near:
            break
        for _, edge in near:
            reached.update(edge)
        waiting = [item for item in waiting if item not in near]
    for i, (start, end) in waiting:
        located.report((*path, i), f"the edge {start} → {end} is not connected to {cause.component}")


def check_condition(condition: Condition, path: Path, scenario: Scenario, known: Inventory,
                    located: Located) -> None:  # fmt: skip
    """Report what a condition asks that can't be asked."""
    names = ("any", "all", "knob", "fault_removed", "fault_started", "fault_present", "change_in_force",
             "waiver_expiry_agreed", "pool", "bad_share_above", "customers_complain")  # fmt: skip
    tests = [name for name in names if getattr(condition, name)]
    if len(tests) != 1:
        listed = f"has {' and '.join(tests)}" if tests else "has none"
        located.report(path, f"needs one of {', '.join(names)}; {listed}")
    for name in ("any", "all"):
        for i, part in enumerate(getattr(condition, name)):
            check_condition(part, (*path, name, i), scenario, known, located)
    _check_comparison(condition, path, known, located)
    faults = [e.fault.id for e in scenario.timeline if e.fault]
    for field in ("fault_removed", "fault_started", "fault_present"):
        fault = getattr(condition, field)
        if fault and fault not in faults:
            message = f"no fault has the id {quoted(fault)}{did_you_mean(fault, faults)}"
            located.report((*path, field), message)
    _check_change(condition.change_in_force, (*path, "change_in_force"), scenario, located)
    pools = [pool.id for pool in scenario.stack.pools]
    if condition.pool and condition.pool not in pools:
        hint = did_you_mean(condition.pool, pools)
        located.report((*path, "pool"), f"there is no pool {quoted(condition.pool)}{hint}")
    if bool(condition.pool) != bool(condition.ready_below):
        located.report(path, "pool and ready_below go together")
    if condition.waiver_expiry_agreed:
        _check_waiver(condition.waiver_expiry_agreed, (*path, "waiver_expiry_agreed"), scenario, located)


def _check_comparison(condition: Condition, path: Path, known: Inventory, located: Located) -> None:
    exact = [n for n in ("equals", "differs") if getattr(condition, n) is not None]
    bounds = [n for n in ("at_least", "at_most") if getattr(condition, n) is not None]
    if bool(condition.knob) != bool(exact or bounds) or len(exact) > 1 or (exact and bounds):
        located.report(path, "a knob goes with one of equals and differs, or with at_least, at_most or both")
        return
    for name in exact + bounds:
        value = getattr(condition, name)
        check_knob_path(condition.knob, value, ((*path, "knob"), (*path, name)), known, located)
    knob = knob_at(condition.knob)
    if bounds and knob is not None and knob.kind in ("enum", "bool"):
        located.report((*path, bounds[0]), f"{condition.knob} has no size; use equals or differs")


def _check_words(scenario: Scenario, known: Inventory, located: Located) -> None:
    names = [*known.components, *(e.change.id for e in scenario.timeline if e.change), "impact"]
    for name in scenario.words:
        if name not in names:
            hint = did_you_mean(name, names) or "; words are for a component, a change or impact"
            located.report(("words", name), f"there is no {quoted(name)}{hint}", key=True)


def _check_change(change_id: str, path: Path, scenario: Scenario, located: Located) -> None:
    changes = [e.change.id for e in scenario.timeline if e.change]
    if change_id and change_id not in changes:
        located.report(path, f"no change has the id {quoted(change_id)}{did_you_mean(change_id, changes)}")


def _check_waiver(change_id: str, path: Path, scenario: Scenario, located: Located) -> None:
    waivers = [e.change.id for e in scenario.timeline if e.change and e.change.waiver]
    if change_id not in waivers:
        hint = did_you_mean(change_id, waivers)
        located.report(path, f"no change with a waiver has the id {quoted(change_id)}{hint}")


def _check_team(scenario: Scenario, located: Located) -> None:
    faults = [e.fault.id for e in scenario.timeline if e.fault]
    for i, mate in enumerate(scenario.team):
        path: Path = ("team", i)
        if mate.role not in TEAM_ROLES:
            hint = did_you_mean(mate.role, TEAM_ROLES) or f" (known: {', '.join(TEAM_ROLES)})"
            located.report((*path, "role"), f"there is no role {quoted(mate.role)}{hint}")
        topics: set[str] = set()
        for j, topic in enumerate(mate.knows):
            at = (*path, "knows", j)
            if topic.topic in topics:
                located.report((*at, "topic"), f"there is already a topic called {topic.topic!r}")
            topics.add(topic.topic)
            if topic.does is None:
                continue
            if topic.does.fault and topic.does.fault not in faults:
                hint = did_you_mean(topic.does.fault, faults)
                located.report((*at, "does", "fault"), f"no fault has the id {topic.does.fault!r}{hint}")
            if topic.does.who and topic.does.who not in TEAM_ROLES:
                hint = did_you_mean(topic.does.who, TEAM_ROLES)
                located.report((*at, "does", "who"), f"there is no role {quoted(topic.does.who)}{hint}")
            _check_change(topic.does.rolls_back, (*at, "does", "rolls_back"), scenario, located)
            if topic.does.agrees_waiver:
                _check_waiver(topic.does.agrees_waiver, (*at, "does", "agrees_waiver"), scenario, located)
