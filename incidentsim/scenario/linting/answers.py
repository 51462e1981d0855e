"""Rules on solutions: several, effective, unlike each other, and wrong ones to be tempted by."""

from __future__ import annotations

from incidentsim.commands.model import Command
from incidentsim.commands.parse import parse
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.check_scripts import scripts_of
from incidentsim.scenario.linting.base import Found
from incidentsim.scenario.model import Condition, RootCause, Scenario, Script
from incidentsim.scenario.naming import vocabulary
from incidentsim.scenario.problems import show_path
from incidentsim.scenario.script import parse_script
from incidentsim.specs.verbs import VERBS


def two_fixes(scenario: Scenario) -> Found:
    """There are at least two different reference solutions.

    Real incidents have several good ways out; a scenario with one is usually scripted in disguise.
    """
    different = {_acts(script, scenario) for script in scenario.references}
    if len(different) < 2:
        yield "references", f"{len(different)} reference solution; give at least two that differ"


def tempting_fix(scenario: Scenario) -> Found:
    """There is at least one tempting wrong fix, which the certificate can show to hurt or not to help.

    It must do something else than a reference: the same commands can't be right in one list and wrong in another.
    """
    if not scenario.tempting:
        yield "tempting", "no tempting wrong fix; add the one that people try first"
    right = {_acts(script, scenario): script.name for script in scenario.references}
    for i, script in enumerate(scenario.tempting):
        same = right.get(_acts(script, scenario))
        if same:
            yield f"tempting[{i}]", f"{script.name} does what the reference {same} does"


def held_out_fix(scenario: Scenario) -> Found:
    """There is a fix that the scorer knows nothing of, which proves that effects are scored, not names."""
    if scenario.held_out is None:
        yield "held_out", "no held-out fix; add a solution that no other list mentions"
        return
    known = {_acts(s, scenario): s.name for s in (*scenario.references, *scenario.tempting)}
    same = known.get(_acts(scenario.held_out, scenario))
    if same:
        yield "held_out", f"{scenario.held_out.name} does what {same} does; a held-out fix is one of its own"


def effective_fixes(scenario: Scenario) -> Found:
    """Every reference, and the held-out fix, does something to each root cause.

    Elsewhere the only "correct" action was seen to fix nothing. Whether a fix works is measured by the
    certificate; a script without a command that touches a place of the cause's chain, its change, its knob or a
    team-mate who can do something can't work.
    """
    for path, script in scripts_of(scenario):
        if path[0] == "tempting":
            continue
        commands = _commands(script, scenario)
        for cause in scenario.root_causes:
            places = _places(cause, scenario)
            if not any(_touches(command, places, scenario) for command in commands):
                yield show_path(path), f"{script.name} does nothing to the root cause {cause.id}"


def separate_causes(scenario: Scenario) -> Found:
    """Each root cause can be found and removed by itself.

    Two causes with one place and kind, or that go away by the same condition, are one: who gets half of it would
    get nothing, or everything.
    """
    for i, cause in enumerate(scenario.root_causes):
        for other in scenario.root_causes[:i]:
            if (cause.component, cause.fault) == (other.component, other.fault):
                yield f"root_causes[{i}]", f"{cause.id} and {other.id} are the same fault of one component"
            elif cause.removed_when == other.removed_when:
                yield f"root_causes[{i}].removed_when", f"{cause.id} and {other.id} are removed by the same condition"


def _commands(script: Script, scenario: Scenario) -> list[Command]:
    """Return what a script issues; the loader has checked that it can be understood."""
    names, cast = vocabulary(scenario), plain_cast(scenario)
    timed, _ = parse_script(scenario.scripts.get(script.file, ""))
    return [parse(cast.render(line.command), names) for line in timed]


def _acts(script: Script, scenario: Scenario) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return what a script does to the world, in its order and without its times and reasons."""
    return tuple((c.verb, tuple(sorted(c.args.items()))) for c in _commands(script, scenario) if _does(c))


def _does(command: Command) -> bool:
    return (VERBS[command.verb].group == "act" or command.verb == "ask") and not command.dry_run


def _places(cause: RootCause, scenario: Scenario) -> set[str]:
    """Return every name by which a command can touch a cause: components, changes, tenants."""
    places = {cause.component, *(component for component, _ in cause.aliases)}
    places |= {place for edge in cause.chain for place in edge}
    places |= _named(cause.removed_when)
    cast = plain_cast(scenario)
    planted = [entry.fault for entry in scenario.timeline if entry.fault]
    for fault in planted:
        if fault.id in places or (fault.component, fault.kind) == (cause.component, cause.fault):
            places |= {fault.component, fault.with_change} - {""}
    for entry in scenario.timeline:
        if entry.change and (cast.render(entry.change.target) in places or any(k.rpartition(".")[0] in places for k in
                                                                  entry.change.sets)):  # fmt: skip
            places.add(entry.change.id)
    return places | {place.removeprefix("tenant.") for place in places}


def _named(condition: Condition) -> set[str]:
    """Return the faults, changes and components that a condition is about."""
    names = {
        condition.knob.rpartition(".")[0], condition.fault_removed, condition.fault_present, condition.change_in_force,
        condition.waiver_expiry_agreed, condition.pool,
    }  # fmt: skip
    for part in (*condition.any, *condition.all):
        names |= _named(part)
    return names - {""}


def _touches(command: Command, places: set[str], scenario: Scenario) -> bool:
    if not _does(command):
        return False
    if command.verb == "ask":
        who = command.args.get("who", "")
        return any(topic.does for mate in scenario.team if mate.role == who for topic in mate.knows)
    if command.verb in ("shed", "route", "flush", "canary"):
        return True  # at the gateway, or of a pool: whether it helps is measured
    values = [value.removeprefix("tenant.") for value in command.args.values()]
    return any(value == place or value.startswith((f"{place}.", f"{place}-"))
               for value in (*values, *command.args.values()) for place in places)  # fmt: skip
