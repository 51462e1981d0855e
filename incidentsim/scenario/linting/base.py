"""What a rule of lint is: a function from a scenario to places and messages; its docstring is its explanation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from incidentsim.scenario.model import Scenario

LATEST_SHARE = 0.75
"""What appears later than this share of the incident leaves no time to use it."""

Found = Iterator[tuple[str, str]]
"""(place in the file, what is wrong and what to do)."""

Rule = Callable[[Scenario], Found]


def latest_us(scenario: Scenario) -> int:
    """Return the scenario time after which nothing new can be used, in µs."""
    return int(scenario.duration * LATEST_SHARE)
