"""Rules on the course of the incident: one page at T+0, nothing that runs like a clock, no news that is over."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from incidentsim.scenario.linting.base import Found
from incidentsim.scenario.model import Scenario
from incidentsim.specs.knobs import format_duration

EVEN_EVENTS = 4
"""So many events at one distance from each other are a clock, not an incident."""

AT_ONCE = 3
"""So many things that people are told in one moment are a script, not an incident."""

FRESH_US = 180_000_000
"""Before the third minute nobody can have been well for long: complaints look back on one to two minutes."""

_GOES_ON = re.compile(
    r"\{(?:complaining_tenants|late_share)\}"
    r"|\b(?:still complain(?:s|ing)?|complaining right now|right now complaining|gets? worse|getting (?:worse|more)"
    r"|by the minute)\b"
)
"""Words, in small letters, with which a message says that users are hurt as it is written."""


def page_at_zero(scenario: Scenario) -> Found:
    """Exactly one page comes at T+0 and none before: T+0 is defined as the first page."""
    at_zero = [i for i, entry in enumerate(scenario.timeline) if entry.page and entry.at == 0]
    for i, entry in enumerate(scenario.timeline):
        if entry.page and entry.at < 0:
            yield f"timeline[{i}].at", f"a page at {format_duration(entry.at)}; the first page is at 0s"
    if len(at_zero) != 1:
        yield "timeline", f"{len(at_zero)} pages at 0s; there must be exactly one"


def perfectly_periodic(scenario: Scenario) -> Found:
    """Nothing runs like a clock: real demand breathes, and real events are not evenly spaced.

    Even spacing and flat demand make curves that people recognise as a simulation, and let them predict what
    comes next.
    """
    times = sorted({entry.at for entry in scenario.timeline if entry.at >= -scenario.prelude})
    gaps = [later - earlier for earlier, later in pairwise(times)]
    run = 1
    for previous, gap in pairwise(gaps):
        run = run + 1 if gap == previous else 1
        if run == EVEN_EVENTS - 1:
            yield "timeline", f"{EVEN_EVENTS} events in a row are {format_duration(gap)} apart; move some"
            break
    if all(tenant.workload.breathing == 0 for tenant in scenario.tenants):
        yield "tenants", "no tenant's demand breathes; give some a workload.breathing above 0"


def alarms_together(scenario: Scenario) -> Found:
    """Things go wrong one after the other: not all alarms wait equally long, and not all news comes at once.

    Where every alert has the same `for`, all of them fire in one evaluation, and the order in which a real
    incident shows itself is lost.
    """
    told = Counter(entry.at for entry in scenario.timeline if not entry.fault and entry.at >= -scenario.prelude)
    for at, count in sorted(told.items()):
        if count >= AT_ONCE:
            yield "timeline", f"{count} pages, messages and changes at {format_duration(at)}; spread them"
    groups = scenario.stack.alert_rules.get("groups")
    rules = [rule for group in (groups if isinstance(groups, list) else []) for rule in group.get("rules", [])]
    waits = {str(rule.get("for", "0s")) for rule in rules if isinstance(rule, dict) and "alert" in rule}
    if len(rules) >= AT_ONCE and len(waits) == 1:
        yield "stack.alert_rules", f"all {len(rules)} alerts wait {waits.pop()}; give them different times"


def old_news(scenario: Scenario) -> Found:
    """A message that says that users are being hurt comes only while they are.

    From three minutes on, users may have been well again for a while. "Still complaining", "by the minute", or
    `{complaining_tenants}` and `{late_share}` are then false, and whoever mended it is sent looking for what is not
    there. With `when: {customers_complain: true}` beside `at`, the message waits from that time on until a customer
    complains, and never comes if none does.
    """
    for i, entry in enumerate(scenario.timeline):
        if entry.message is None or entry.when is not None or entry.at < FRESH_US:
            continue
        found = _GOES_ON.search(entry.message.text.casefold())
        if found:
            yield (f"timeline[{i}].message.text",
                   f"{found[0]!r} says that users are hurt now; hold it back with when: {{customers_complain: true}}")
