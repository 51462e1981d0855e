"""What a scenario's causes, places and harm are called, and where a sentence names them.

Concepts are the nodes of the causal chain, `impact` (users harmed), the change that brought a fault, and all else
that a person may blame: other components, fault kinds that were not planted, harmless changes, causes outside the
world. Their phrases come from `specs.words`, from the names of the cast, and from the scenario's `words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Change, RootCause, Scenario
from incidentsim.scenario.naming import inventory
from incidentsim.scoring.postmortem.stems import EMPTY_WORDS, Word, stem, words
from incidentsim.specs.faults import FAULTS
from incidentsim.specs.words import CHANGE_WORDS, COMPONENT_WORDS, FAULT_WORDS, HARM_WORDS, OUTSIDE_CAUSES

IMPACT = "impact"
"""The concept of users being harmed, whatever the objective."""

HARMED = ("tenant.", "quality")
"""How the ids of those begin who suffer where a chain ends: naming them there names harm to users."""

GAP = 2
"""Other words that may stand among the words of a phrase."""

AMPLIFIERS = ("retry_bug", "unbounded_retries")
"""Fault kinds whose words name what clients do in any overload: naming them blames nothing."""

_LITTLE = frozenset(stem(word) for word in EMPTY_WORDS)

_UNITS = frozenset({"per", "minute", "minutes", "second", "seconds", "hour", "day", "days", "ticket", "requested"})
"""Words of a change's text that say nothing of what it changed."""

Role = Literal["chain", "impact", "victim", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """Something a sentence can name. `shown` is what people call it.

    `chain`: a node of what happened. `impact`: harm to users. `victim`: a tenant that caused nothing, which is harm
    where something happens to it. `other`: nothing of this incident; `place` is the component it would sit in.
    """

    id: str
    shown: str
    role: Role
    phrases: tuple[tuple[str, ...], ...]
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A concept named in a sentence by `phrase`, from character `start` to `end`."""

    concept: Concept
    phrase: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Concepts:
    """All concepts of an incident by id, and every stem that their phrases are made of.

    `telling`: by root cause, the phrases that say what was wrong, not only where.
    """

    by_id: Mapping[str, Concept]
    telling: Mapping[str, frozenset[tuple[str, ...]]]
    known: frozenset[str] = field(default_factory=frozenset)

    def find(self, sentence: Sequence[Word]) -> tuple[Mention, ...]:
        """Return what the words name, in order; of overlapping names the longest, each word once."""
        places: dict[str, list[int]] = {}
        for i, word in enumerate(sentence):
            places.setdefault(word.stem, []).append(i)
            places.setdefault(f"={word.text}", []).append(i)
        found: list[tuple[int, int, tuple[int, ...], Concept, tuple[str, ...]]] = []
        for order, concept in enumerate(self.by_id.values()):
            for phrase in concept.phrases:
                if all(part in places for part in phrase):
                    found += [(-len(phrase), order, taken, concept, phrase) for taken in _windows(phrase, places)]
        found.sort(key=lambda hit: hit[:3])
        used: set[int] = set()
        mentions: list[Mention] = []
        for _, _, taken, concept, phrase in found:
            if used.isdisjoint(taken):
                used.update(taken)
                first, last = sentence[min(taken)], sentence[max(taken)]
                mentions.append(Mention(concept=concept, phrase=phrase, start=first.start, end=last.end))
        return tuple(sorted(mentions, key=lambda m: (m.start, m.end)))


def concepts_of(scenario: Scenario, cast: Cast) -> Concepts:
    """Return everything a postmortem of this scenario may name, chain first."""
    out: dict[str, Concept] = {}
    kinds = inventory(scenario).components
    nodes, twins = chain_nodes(scenario), twins_of(scenario)
    triggers = trigger_changes(scenario)
    planted: dict[str, list[str]] = {}
    for entry in scenario.timeline:
        if entry.fault is not None:
            planted.setdefault(entry.fault.component, []).append(entry.fault.kind)
    for root in scenario.root_causes:
        planted.setdefault(root.component, []).append(root.fault)

    for node in nodes:
        kind = kinds.get(node, "")
        same = [node, *(other for other, own in twins.items() if own == node)]
        texts = [name for one in same for name in _names(one, cast)]
        texts += [*COMPONENT_WORDS.get(kind, ()), *scenario.words.get(node, ())]
        for fault in (kind for one in same for kind in planted.get(one, ())):
            texts += [fault.replace("_", " "), *FAULT_WORDS.get(fault, ())]
        texts += [text for change in _waivers_behind(scenario, node) for text in _telling(change, cast)]
        out[node] = Concept(id=node, shown=_shown(node, cast), role="chain", phrases=_phrases(texts))
    harm = [text for kind in ("", *(slo.kind for slo in scenario.slos)) for text in HARM_WORDS.get(kind, ())]
    said = [w.text for w in words(cast.render(scenario.title)) if w.text not in EMPTY_WORDS]
    harm += [*scenario.words.get(IMPACT, ()), *(f"{a} {b}" for a, b in pairwise(said))]
    out[IMPACT] = Concept(id=IMPACT, shown="harm to users", role="impact", phrases=_phrases(harm))
    for change in triggers:
        texts = [*_telling(change, cast), *CHANGE_WORDS[change.kind], *scenario.words.get(change.id, ())]
        out[change.id] = Concept(id=change.id, shown=change.id, role="chain", phrases=_phrases(texts))
    out |= _others(scenario, cast, out, planted, kinds)
    known = frozenset(part for c in out.values() for phrase in c.phrases for part in phrase)
    return Concepts(by_id=out, known=known, telling=_telling_phrases(scenario, cast))


def _telling_phrases(scenario: Scenario, cast: Cast) -> dict[str, frozenset[tuple[str, ...]]]:
    out: dict[str, frozenset[tuple[str, ...]]] = {}
    for root in scenario.root_causes:
        texts = [
            root.fault.replace("_", " "),
            *FAULT_WORDS.get(root.fault, ()),
            *scenario.words.get(root.component, ()),
        ]
        texts += [text for change in _waivers_behind(scenario, root.component) for text in _telling(change, cast)]
        out[root.id] = frozenset(_phrases(texts))
    return out


def twins_of(scenario: Scenario) -> dict[str, str]:
    """Return the components that stand for the same cause as a root cause's own: its aliases, by their id."""
    own = {root.component for root in scenario.root_causes}
    return {c: root.component for root in scenario.root_causes for c, _ in root.aliases if c not in own}


def chain_nodes(scenario: Scenario) -> tuple[str, ...]:
    """Return the components of the root causes and their chains, causes first, twins as one."""
    twin = twins_of(scenario)
    nodes: dict[str, None] = {}
    for root in scenario.root_causes:
        nodes[root.component] = None
    starts = {start for root in scenario.root_causes for start, _ in root.chain}
    for root in scenario.root_causes:
        for start, end in root.chain:
            nodes[twin.get(start, start)] = None
            if end in starts or not end.startswith(HARMED):
                nodes[twin.get(end, end)] = None
    return tuple(nodes)


def trigger_changes(scenario: Scenario) -> tuple[Change, ...]:
    """Return the changes that brought a root cause's fault, other than waivers, which are the cause itself."""
    wanted = [entry.fault.with_change for root in scenario.root_causes for entry in scenario.timeline
              if entry.fault and (entry.fault.component, entry.fault.kind) == (root.component, root.fault)]  # fmt: skip
    return tuple(e.change for e in scenario.timeline if e.change and e.change.id in wanted and not e.change.waiver)


def trigger_of(scenario: Scenario, root: RootCause) -> tuple[Change, ...]:
    """Return the changes that brought this root cause's fault."""
    brought = [e.fault.with_change for e in scenario.timeline
               if e.fault and (e.fault.component, e.fault.kind) == (root.component, root.fault)]  # fmt: skip
    return tuple(change for change in trigger_changes(scenario) if change.id in brought)


def _others(
    scenario: Scenario, cast: Cast, mine: Mapping[str, Concept], planted: Mapping[str, Sequence[str]],
    kinds: Mapping[str, str],
) -> dict[str, Concept]:  # fmt: skip
    """Return what a person may name that is no part of the chain."""
    taken = {phrase for concept in mine.values() for phrase in concept.phrases}
    out: dict[str, Concept] = {}

    def add(name: str, shown: str, role: Role, texts: Iterable[str], place: str = "") -> None:
        phrases = tuple(phrase for phrase in _phrases(texts) if phrase not in taken)
        if phrases:
            out[name] = Concept(id=name, shown=shown, role=role, phrases=phrases, place=place)

    chained = {kinds.get(node, "") for node in mine}
    for component, kind in kinds.items():
        if component in mine or component in twins_of(scenario) or kind == "observability":
            continue
        role: Role = "victim" if kind == "tenant" else "other"
        if kind != "quality":
            add(component, _shown(component, cast), role, _names(component, cast))
    for entry in scenario.timeline:
        change = entry.change
        if change is not None and change.id not in mine and not change.waiver:
            target = cast.target(change.target)
            made = [f"{target} {word}" for word in CHANGE_WORDS[change.kind]]
            add(change.id, change.id, "other", (change.id, *made, *_numbered(cast.render(change.summary))))
    here = {kind for node in mine for kind in planted.get(node, ())}
    for kind, spec in FAULTS.items():
        if kind not in (*here, *AMPLIFIERS) and spec.component != "observability":
            texts = (kind.replace("_", " "), *FAULT_WORDS.get(kind, ()))
            add(f"fault:{kind}", kind.replace("_", " "), "other", texts, spec.component)
    for name, texts in OUTSIDE_CAUSES.items():
        add(f"outside:{name}", name, "other", texts)
    return {name: c for name, c in out.items() if not (c.place and c.place in chained and not c.phrases)}


def _waivers_behind(scenario: Scenario, node: str) -> list[Change]:
    if not any(root.component == node and root.fault == "waiver_without_expiry" for root in scenario.root_causes):
        return []
    return [entry.change for entry in scenario.timeline if entry.change and entry.change.waiver]


def _names(component: str, cast: Cast) -> tuple[str, ...]:
    """Return the names of a component, for tenants and hosts those of the cast."""
    if component.startswith("tenant."):
        tenant = cast.tenants.get(component.removeprefix("tenant."))
        return (component.removeprefix("tenant."),) if tenant is None else (tenant.slug, tenant.name)
    return tuple(dict.fromkeys((component, cast.shown(component))))


def _shown(component: str, cast: Cast) -> str:
    return cast.shown(component).removeprefix("tenant.")


def _telling(change: Change, cast: Cast) -> list[str]:
    """Return the pairs of words in a change's summary and details that say what it was, and its id."""
    texts = [change.id]
    for line in (change.summary, *change.detail):
        said = [w.text for w in words(cast.render(line)) if w.text not in EMPTY_WORDS and w.text not in _UNITS]
        texts += [f"{first} {second}" for first, second in pairwise(said)]
    own = {
        stem(part)
        for name in (change.target, *(t.slug for t in cast.tenants.values()), *(t.name for t in cast.tenants.values()))
        for part in re.split(r"\W+", name)
    }
    return [text for text in texts if text == change.id or not {stem(w) for w in text.split()} & own]


def _numbered(summary: str) -> list[str]:
    """Return what has a number in a summary, with each of its numbers: versions, mostly."""
    texts: list[str] = []
    last = ""
    for word in words(summary):
        if word.text.isdigit() and last:
            texts.append(f"{last} {word.text}")
        elif word.text not in EMPTY_WORDS:
            last = word.text
    return texts


def _phrases(texts: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    out: dict[tuple[str, ...], None] = {}
    for text in texts:
        parts: list[str] = []
        for piece in text.split():
            parts += [piece.casefold()] if piece.startswith("=") else [w.stem for w in words(piece)]
        if parts:
            out[tuple(parts)] = None
    return tuple(out)


def _windows(phrase: tuple[str, ...], places: Mapping[str, Sequence[int]]) -> list[tuple[int, ...]]:
    """Return where the words of a phrase stand near each other, in any order; side by side where one says little."""
    if len(phrase) > 1 and any(part in _LITTLE for part in phrase):
        return [
            tuple(range(first, first + len(phrase))) for first in places[phrase[0]]
            if all(first + i in places[part] for i, part in enumerate(phrase))
        ]  # fmt: skip
    reach = len(phrase) - 1 + (GAP if len(phrase) > 1 else 0)
    out: list[tuple[int, ...]] = []
    for first in places[phrase[0]]:
        taken = [first]
        for part in phrase[1:]:
            near = [i for i in places[part] if i not in taken and abs(i - first) <= reach]
            if not near:
                break
            taken.append(min(near, key=lambda i: (abs(i - first), i)))
        if len(taken) == len(phrase) and max(taken) - min(taken) <= reach:
            out.append(tuple(sorted(taken)))
    return out
