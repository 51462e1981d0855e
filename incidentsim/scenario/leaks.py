"""What a text gives away: the words that name a root cause, and the texts that are read before any evidence.

Used by lint. The measure is what a person would read out of it, so it compares words, not characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidentsim.scenario.model import RootCause, Scenario
from incidentsim.scenario.problems import Path
from incidentsim.specs.faults import FAULTS

_WORD = re.compile(r"[a-z0-9]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s|\n")

_COMMON = frozenset(
    {"a", "at", "bad", "engine", "in", "lost", "max", "node", "num", "of", "on", "pool", "raised", "seqs",
     "tenant", "the", "traffic", "without"}
)  # fmt: skip
"""Words of fault kinds and component names that say nothing by themselves."""


def words_of(text: str) -> set[str]:
    """Return the words of a text that say something, in lower case."""
    return set(_WORD.findall(text.lower())) - _COMMON


def cause_words(cause: RootCause) -> set[str]:
    """Return the telling words of a root cause's fault kind and of its other names."""
    words = words_of(cause.fault)
    for _, fault in cause.aliases:
        words |= words_of(fault)
    return words


def culprit_tenants(scenario: Scenario) -> tuple[str, ...]:
    """Return the ids of the tenants that a root cause is about."""
    found: dict[str, None] = {}
    for cause in scenario.root_causes:
        for component in (cause.component, *(component for component, _ in cause.aliases)):
            if component.startswith("tenant."):
                found[component.removeprefix("tenant.")] = None
    causes = {cause.fault for cause in scenario.root_causes}
    if "waiver_without_expiry" in causes:
        for entry in scenario.timeline:
            if entry.change and entry.change.waiver:
                found[entry.change.waiver.tenant] = None
    return tuple(found)


def readable_texts(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    """Yield every text that a candidate reads without looking for it."""
    for name in ("title", "summary", "briefing"):
        yield (name,), getattr(scenario, name)
    for i, rule in enumerate(scenario.rules):
        yield ("rules", i), rule
    for i, slo in enumerate(scenario.slos):
        yield ("slos", i, "title"), slo.title
    for i, entry in enumerate(scenario.timeline):
        if entry.page:
            yield ("timeline", i, "page", "text"), entry.page.text
        if entry.message:
            yield ("timeline", i, "message", "text"), entry.message.text


def leaks_in(text: str, scenario: Scenario) -> Iterator[str]:
    """Yield what a text gives away, in words for the author."""
    lowered = text.lower()
    for kind in FAULTS:
        if kind in lowered or re.search(rf"\b{kind.replace('_', '[ -]')}\b", lowered):
            yield f"names the fault kind {kind}; say what users notice instead"
    for cause in scenario.root_causes:
        component = cause.component.removeprefix("tenant.")
        for sentence in _SENTENCE_END.split(lowered):
            together = words_of(sentence) & cause_words(cause) - {component}
            if together and re.search(rf"(?<![\w-]){re.escape(component)}(?![\w-])", sentence):
                word = sorted(together)[0]
                yield f"names {component} and {word!r} in one sentence: the root cause {cause.id}"
                break
    yield from _tenants_named(lowered, scenario)


def _tenants_named(lowered: str, scenario: Scenario) -> Iterator[str]:
    placeholders = {t.id for t in scenario.tenants if f"{{tenant.{t.id}}}" in lowered}
    bare = re.sub(r"\{[a-z]+\.[a-z0-9-]+\}", " ", lowered)
    for tenant in culprit_tenants(scenario):
        if re.search(rf"(?<![\w-]){re.escape(tenant)}(?![\w-])", bare):
            yield f"holds the stable id {tenant!r} of a tenant that causes the incident; leave it out"
        if tenant in placeholders and len(placeholders) < len(scenario.tenants):
            yield f"names {{tenant.{tenant}}} but not all tenants: it points at the culprit"
