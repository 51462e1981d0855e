"""The first incident teaches by its messages: they fit a small screen, name real commands, and see what was done."""

from __future__ import annotations

import re
from textwrap import wrap

from incidentsim.commands.parse import parse
from incidentsim.events import MessageReceived
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.naming import vocabulary
from incidentsim.specs.verbs import VERBS
from incidentsim.world.world import World
from tests.world.worlds import SCENARIOS, SECOND

COLUMNS, LINES = 80, 2
"""What the line above the command line shows on a small terminal."""

BLANKS = ("ID", "NUMBER", "COMPONENT", "...")
"""What a newcomer fills in."""


def test_every_message_fits_a_small_screen() -> None:
    """Nothing that the colleague says is cut at 80 columns, whatever tenants are called."""
    scenario = load_scenario(SCENARIOS / "turned-away")
    for entry in scenario.timeline:
        if entry.message:
            said = re.sub(r"\{[^}]+\}", "a-name-of-18-chars", f"◂ {entry.message.who} {entry.message.text}")
            assert len(wrap(said, COLUMNS)) <= LINES, said


def test_messages_and_walk_through_name_commands_that_work() -> None:
    """Each command in a message or in the walk-through is a verb; those without a blank are accepted as they stand."""
    scenario = load_scenario(SCENARIOS / "turned-away")
    texts = [entry.message.text for entry in scenario.timeline if entry.message]
    codes = re.findall(r"`([^`]+)`", "\n".join([*texts, scenario.runbooks["first-page"]]))
    for code in codes:
        if not code.startswith("first-page"):
            assert code.split()[0] in VERBS, code
        if not any(blank in code for blank in (*BLANKS, "<")) and (" " in code or code in ("ack", "changes")):
            parse(code, vocabulary(scenario))
    assert {code.split()[0] for code in codes} >= {"ack", "query", "logs", "changes", "hypothesis", "rollback",
                                                   "status", "diagnose", "resolve", "undo"}  # fmt: skip


def test_the_colleague_sees_that_something_was_done() -> None:
    """As soon as the setting is another one, and not before, the colleague says to check."""
    scenario = load_scenario(SCENARIOS / "turned-away")
    world, names = World(scenario, seed=2, cast=plain_cast(scenario)), vocabulary(scenario)
    world.advance(40 * SECOND)
    early = [fact.text for fact in world.facts() if isinstance(fact, MessageReceived)]
    command = world.resolve(parse("rollback chg-14", names))
    world.check(command)
    world.submit(command, t_us=41 * SECOND, k=0, ref=1)
    world.advance(60 * SECOND)
    later = [fact.text for fact in world.facts() if isinstance(fact, MessageReceived)]
    assert early and not any("CHECK" in text for text in early)
    assert any("CHECK" in text for text in later)
