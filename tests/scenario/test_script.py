"""Scripts: exact times, names put in, bad lines named."""

from __future__ import annotations

import pytest

from incidentsim.errors import ScenarioError
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import TimedLine, script_commands


def test_commands_come_with_exact_times_and_names(scenario: Scenario) -> None:
    """Seconds become microseconds exactly, comments and blank lines are skipped, names are filled in."""
    lines = script_commands(scenario.scripts["reference/limit.jsonl"], plain_cast(scenario))
    assert lines == (
        TimedLine(t_us=60_000_000, command="ack", line=2),
        TimedLine(t_us=120_500_000, command='limit strategic tokens 400k --because "its share grew"', line=3),
        TimedLine(t_us=180_000_000, command="set gateway.admission tokens", line=5),
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"t": -1, "command": "ack"}', "t is a number of seconds from 0 to 86400; got '-1'"),
        ('{"t": NaN, "command": "ack"}', "NaN is not a number here"),
        ('{"t": true, "command": "ack"}', "t is a number of seconds from 0 to 86400; got True"),
        ('{"t": 1e400, "command": "ack"}', "t is a number of seconds from 0 to 86400; got '1E+400'"),
        ('{"t": 1, "t": 2, "command": "ack"}', "a name twice in one line"),
        ('{"t": 1, "command": "ack", "x": 1}', 'a line is {"t": seconds, "command": "…"} and nothing else'),
        ('{"t": 1, "command": ""}', 'command is a text like "inspect gateway"'),
        ("[" * 4_000, "not JSON: "),
        (" " + "x" * 5_000, "longer than 4096 characters"),
    ],
)
def test_a_bad_line_is_named(scenario: Scenario, line: str, message: str) -> None:
    """Each wrong line is told with its number and what is wrong."""
    with pytest.raises(ScenarioError) as caught:
        script_commands(f"# first\n{line}\n", plain_cast(scenario))
    assert str(caught.value).startswith(f"line 2: {message}")


def test_times_must_not_fall(scenario: Scenario) -> None:
    """A command earlier than the one before it is an error."""
    text = '{"t": 5, "command": "ack"}\n{"t": 4, "command": "ack"}\n'
    with pytest.raises(ScenarioError, match="line 2: times must not fall"):
        script_commands(text, plain_cast(scenario))
