"""Checks a scenario's scripts: every command is understood, under whatever names a session has.

The reference check calls `check_scripts`. A command is parsed twice: with ids as names, which gives the messages, and
with names that are no ids, since a script that says `limit strategic …` would be refused in every real session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from incidentsim.commands.parse import parse
from incidentsim.errors import CommandError
from incidentsim.scenario.cast import PLACEHOLDER, Cast, TenantName, plain_cast
from incidentsim.scenario.model import Scenario, Script
from incidentsim.scenario.naming import vocabulary
from incidentsim.scenario.problems import Path, quoted
from incidentsim.scenario.script import TimedLine, parse_script
from incidentsim.scenario.validate import Located
from incidentsim.specs.vocabulary import Vocabulary


def scripts_of(scenario: Scenario) -> Iterator[tuple[Path, Script]]:
    """Yield every script of a scenario with its path."""
    for i, script in enumerate(scenario.references):
        yield ("references", i), script
    for i, script in enumerate(scenario.tempting):
        yield ("tempting", i), script
    if scenario.held_out:
        yield ("held_out",), scenario.held_out


def check_scripts(scenario: Scenario, located: Located) -> None:
    """Report every line of the scripts that a session would refuse, at its line."""
    plain, names = plain_cast(scenario), vocabulary(scenario)
    other = _renamed(plain)
    other_names = _shown(names, other)
    for file in dict.fromkeys(script.file for _, script in scripts_of(scenario)):
        commands, problems = parse_script(scenario.scripts.get(file, ""))
        if file in scenario.scripts and not commands and not problems:
            located.report(("scripts", file, 1), "has no command")
        for problem in problems:
            located.report(("scripts", file, problem.line), problem.message)
        for timed in commands:
            where: Path = ("scripts", file, timed.line)
            if timed.t_us > scenario.duration:
                located.report(where, "later than the end of the scenario")
            message = _refusal(timed, plain, names)
            if not message:
                message = _bare_ids(timed.command, plain) if _refusal(timed, other, other_names) else ""
                message = message or _bare_labels(timed.command, plain)
            if message:
                located.report(where, message)


def _refusal(timed: TimedLine, cast: Cast, names: Vocabulary) -> str:
    """Return why a session with these names refuses a command, or nothing."""
    unknown = cast.unknown_placeholders(timed.command)
    if unknown:
        return f"nothing to put in for {unknown[0]}; use {{tenant.ID}}, {{person.ROLE}}, {{host.ID}}"
    try:
        parse(cast.render(timed.command), names)
    except CommandError as error:
        return f"{quoted(timed.command)}: {error}"
    return ""


def _renamed(plain: Cast) -> Cast:
    """Return a cast in which no tenant and no host is called by its id."""
    return Cast(
        tenants={i: TenantName(slug=f"{i}-as-shown", name=i) for i in plain.tenants},
        people=plain.people,
        hosts={i: f"{i}-as-shown" for i in plain.hosts},
    )


def _shown(names: Vocabulary, cast: Cast) -> Vocabulary:
    return replace(
        names,
        components={cast.shown(name): kind for name, kind in names.components.items()},
        tenants=tuple(cast.shown(name) for name in names.tenants),
        causes=tuple((cast.shown(component), fault) for component, fault in names.causes),
    )


def _bare_ids(command: str, plain: Cast) -> str:
    """Return that a command calls tenants or hosts by their ids."""
    bare = PLACEHOLDER.sub(" ", command)
    found = [f"{{tenant.{i}}}" for i in plain.tenants if _holds(i, bare)]
    found += [f"{{host.{i}}}" for i in plain.hosts if _holds(i, bare)]
    listed = " and ".join(found[:3]) or "a placeholder"
    return f"{quoted(command)}: every session has other names; write {listed} in place of the id"


def _bare_labels(command: str, plain: Cast) -> str:
    """Return that a query or a log filter asks for a label value that no session has."""
    if command.partition(" ")[0] not in ("query", "logs"):
        return ""
    bare = PLACEHOLDER.sub(" ", command)
    for kind, ids in (("tenant", plain.tenants), ("host", plain.hosts)):
        for i in ids:
            if re.search(rf"(?:[\"':=|]){re.escape(i)}(?![\w.-])", bare):
                return f"{quoted(command)}: no session has this name; write {{{kind}.{i}}} in place of {i}"
    return ""


def _holds(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None
