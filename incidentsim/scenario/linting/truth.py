"""Rules on what a candidate reads: no truth in it, no names that exist nowhere, no time of day."""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidentsim.scenario.cast import PLACEHOLDER
from incidentsim.scenario.check_story import texts_of
from incidentsim.scenario.leaks import cause_words, culprit_tenants, leaks_in, readable_texts, words_of
from incidentsim.scenario.linting.base import Found
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.problems import Path, show_path

_WALL_CLOCK = re.compile(
    r"(?<![\w:+-])(?:[01]?\d|2[0-3]):[0-5]\d(?![\w:])|\b(?:19|20)\d\d-\d\d-\d\d\b"
    r"|\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|january|february|april|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
"""A time of day, a date, a weekday, a month ("may" and "march" mean other things too)."""


def no_truth_in_text(scenario: Scenario) -> Found:
    """What a candidate reads before looking must not name the cause.

    Title, summary, briefing, rules, pages, messages and objectives may say what users feel. They may not
    hold a fault kind, the root cause's component beside a word of its fault, or the culprit tenant's id (or
    its placeholder alone): whoever reads closely would not need to investigate.
    """
    for path, text in readable_texts(scenario):
        for message in leaks_in(text, scenario):
            yield show_path(path), message


def id_names_symptom(scenario: Scenario) -> Found:
    """The id and the title name the symptom a user would report, never the cause.

    `slow-chat` is a symptom; `gateway-admission` or `noisy-tenant` gives the answer away in the gallery. What the
    stack itself is called says nothing.
    """
    for cause in scenario.root_causes:
        hidden = cause_words(cause)
        hidden |= words_of(cause.component.removeprefix("tenant.")) - words_of(scenario.stack.id)
        for where in ("id", "title"):
            named = sorted(hidden & words_of(getattr(scenario, where)))
            if named:
                yield where, f"{named[0]!r} names the root cause {cause.id}; name what users notice"
    for tenant in culprit_tenants(scenario):
        if tenant in scenario.id.split("-"):
            yield "id", f"names the tenant {tenant!r}; name what users notice"


def stable_ids(scenario: Scenario) -> Found:
    """What people read calls tenants and hosts by their placeholders, `{tenant.ID}` and `{host.ID}`.

    Every session gives them other names. A stable id in a text names something that exists nowhere on the
    screen, tells an attentive reader who is meant, and is the same in every session.
    """
    tenants = {f"tenant.{tenant.id}": f"tenant.{{tenant.{tenant.id}}}" for tenant in scenario.tenants}
    for path, text in _told(scenario):
        bare = PLACEHOLDER.sub(" ", text)
        for shown, better in tenants.items():
            if re.search(rf"(?<![\w.-]){re.escape(shown)}(?![\w-])", bare):
                yield show_path(path), f"holds {shown}; write {better}"
        for host in dict.fromkeys(re.findall(r"(?<![\w.-])node-\d+(?![\w-])", bare)):
            yield show_path(path), f"holds {host}; write {{host.{host}}}"


def wall_clock(scenario: Scenario) -> Found:
    """No text names a time of day, a date or a weekday.

    A session starts whenever somebody starts it, and is replayed years later: times count from the page. Write
    "two days ago" or "since this shift began"; an answer of a team-mate may hold `{clock}`.
    """
    for path, text in _told(scenario):
        found = _WALL_CLOCK.search(PLACEHOLDER.sub(" ", text))
        if found:
            yield show_path(path), f"{found[0]!r} is a time of day or a date; count from the page"


def _told(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    """Yield every text that a candidate may come to read."""
    for path, text in texts_of(scenario):
        if path[0] != "invariants" and "asks" not in path:
            yield path, text
    for i, rule in enumerate(scenario.rules):
        yield ("rules", i), rule
