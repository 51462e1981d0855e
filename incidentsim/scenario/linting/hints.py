"""Rules on hints: there are some, they come in time, and they tell little before they tell much."""

from __future__ import annotations

from itertools import pairwise

from incidentsim.scenario.leaks import leaks_in
from incidentsim.scenario.linting.base import Found, latest_us
from incidentsim.scenario.model import Scenario
from incidentsim.specs.knobs import format_duration

MOST_POINTS = 40
"""What all hints together may cost: whoever needed them all and then solved it has still learnt something."""


def hint_ladder(scenario: Scenario) -> Found:
    """There is a ladder of at least two hints, dearer as they tell more, and the first tells no truth.

    Who is stuck without one gives up or guesses. All together may cost 40 points of the practice index, so that
    going on pays; a first hint that names the cause is the solution at a discount.
    """
    if len(scenario.hints) < 2:
        yield "hints", f"{len(scenario.hints)} hints; give two to four, from a nudge to nearly the answer"
    for i, (before, hint) in enumerate(pairwise(scenario.hints), start=1):
        if hint.price < before.price:
            yield f"hints[{i}].price", f"{hint.price} is less than the {before.price} of the hint before it"
    total = sum(hint.price for hint in scenario.hints)  # exact: ints
    if total > MOST_POINTS:
        yield "hints", f"all together cost {total} points; at most {MOST_POINTS}"
    for message in leaks_in(scenario.hints[0].text, scenario) if scenario.hints else ():
        yield "hints[0].text", message


def reachable_hints(scenario: Scenario) -> Found:
    """Every hint can be taken while it is of use: in the first three quarters, and not before the one above it.

    Hints are given in order. One whose time is earlier than that of the hint before it can't be had then.
    """
    for i, hint in enumerate(scenario.hints):
        if hint.after > latest_us(scenario):
            yield f"hints[{i}].after", f"given from {format_duration(hint.after)} on, too late to be used"
        before = max((earlier.after for earlier in scenario.hints[:i]), default=0)
        if hint.after < before:
            yield f"hints[{i}].after", f"is before {format_duration(before)}, when the hint above it is given"
