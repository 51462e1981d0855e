"""Sentences to causal claims: who is said to have made what, asserted, guessed or denied.

Called by `causality`. No grammar of English: a statement is cut at its connectors, and the concepts named on the
two sides are related. A sentence that names more than four concepts gives no claim, nor does one without a
connector, whatever it names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from incidentsim.scoring.postmortem.concepts import IMPACT, Concept, Concepts, Mention
from incidentsim.scoring.postmortem.connectors import (
    BACK_REFERENCE,
    HEDGE,
    NAMED_NOT,
    OPENERS,
    TURN,
    WHOLE_DENIAL,
    Connector,
    connectors_of,
)
from incidentsim.scoring.postmortem.document import Sentence
from incidentsim.scoring.postmortem.stems import corrected, words

MOST_CONCEPTS = 4
"""Concepts beyond which a sentence is a list, not a claim (scoring.md §4)."""

Fits = Callable[[str, str], bool]
"""Whether the scenario's graph leads from one concept to another: decides between readings of one clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing said to have made another, by ids of concepts. `denied`: said not to. `guess`: said to perhaps."""

    cause: str
    effect: str
    line: int
    text: str
    denied: bool = False
    guess: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read: the claims in order, what was named, and the sentences that name too much to claim anything."""

    claims: tuple[Claim, ...]
    mentions: tuple[Mention, ...]
    crowded: tuple[Sentence, ...]


def claims_of(sentences: Sequence[Sentence], concepts: Concepts, fits: Fits) -> Reading:
    """Return the claims of these sentences. `fits` is asked only to choose among readings, never to drop one."""
    claims: list[Claim] = []
    crowded: list[Sentence] = []
    mentions: list[Mention] = []
    carried: tuple[Concept, ...] = ()
    for sentence in sentences:
        if not sentence.follows:
            carried = ()
        lowered = sentence.text.casefold().replace("’", "'")
        found = concepts.find(corrected(words(lowered), concepts.known))
        named = {IMPACT if m.concept.role == "victim" else m.concept.id for m in found}
        if len(named) > MOST_CONCEPTS:
            crowded.append(sentence)
            carried = ()
            continue
        mentions += found
        for start, end in _statements(lowered):
            inside = [replace(m, start=m.start - start, end=m.end - start) for m in found if start <= m.start < end]
            turned = end < len(lowered)
            statement = _Statement(lowered[start:end], inside, carried, fits, turned=turned)
            read, carried = statement.read()
            claims += [replace(c, line=sentence.line, text=sentence.text) for c in read]
    return Reading(claims=tuple(claims), mentions=tuple(mentions), crowded=tuple(crowded))


def _statements(text: str) -> list[tuple[int, int]]:
    """Return where the statements of a sentence begin and end."""
    cuts = [0]
    ends: list[int] = []
    for match in TURN.finditer(text):
        ends.append(match.start())
        cuts.append(match.end())
    return list(zip(cuts, [*ends, len(text)], strict=True))


class _Statement:
    """One statement: its connectors, and the groups of concepts between them."""

    def __init__(
        self, text: str, mentions: Sequence[Mention], carried: tuple[Concept, ...], fits: Fits,
        *, turned: bool,
    ) -> None:  # fmt: skip
        self.text, self.fits, self.carried = text, fits, carried
        self.guess = bool(HEDGE.search(text))
        kept = [m for m in mentions if not NAMED_NOT.search(text[: m.start])]
        connectors = self._useful(connectors_of(text, turned=turned), kept)
        # a word that both joins and names, such as "slowed", joins here
        self.mentions = [m for m in kept if not any(c.start <= m.start and m.end <= c.end for c in connectors)]
        self.connectors = self._opened(connectors)
        self.groups = self._grouped()

    def read(self) -> tuple[list[Claim], tuple[Concept, ...]]:
        """Return the claims, and what "this" means afterwards."""
        if WHOLE_DENIAL.search(self.text):
            return self._denials(), self.carried
        claims: list[Claim] = []
        outcome: tuple[Concept, ...] = ()
        for i, connector in enumerate(self.connectors):
            left, right = self._left(i), self.groups[i + 1]
            beyond = self._beyond(i)
            if not right and connector.way == "backward" and re.match(r"\s*(?:this|that|it|these)\b", self._after(i)):
                right = self.carried
            recalled = left is self.carried or right is self.carried
            if connector.way == "forward":
                read = self._between(left, right, beyond, connector.denied, choose=recalled)
                # "So" after a full stop may only go on with the story
                claims += [c for c in read if connector.verb or not recalled or self.fits(c.cause, c.effect)]
                outcome = beyond or right or outcome
            else:
                claims += self._between(right, left, beyond, connector.denied, inner_causes=True, choose=recalled)
                outcome = outcome or tuple(dict.fromkeys((*left, *right)))
        if not outcome and self.mentions:
            outcome = tuple(m.concept for m in self.mentions)[-2:]
        return claims, outcome or self.carried

    def _useful(self, connectors: Sequence[Connector], mentions: Sequence[Mention]) -> list[Connector]:
        """Leave out verbs with nothing named between them and the next connector, and words inside names."""
        out: list[Connector] = []
        free = [c for c in connectors if not (c.verb and self._inside_name(c, mentions))]
        for i, connector in enumerate(free):
            end = free[i + 1].start if i + 1 < len(free) else len(self.text)
            after = any(connector.end <= m.start < end for m in mentions)
            if connector.verb and not after:
                continue
            out.append(connector)
        return out

    def _inside_name(self, connector: Connector, mentions: Sequence[Mention]) -> bool:
        return any(m.start < connector.start and connector.end <= m.end for m in mentions)

    def _opened(self, connectors: list[Connector]) -> list[Connector]:
        """Turn "Because A, B" and "The cause of B was A" into A made B and B was made by A."""
        first = self.mentions[0].start if self.mentions else len(self.text)
        head = connectors[0] if connectors else None
        before = self.text[: head.start].strip() if head else ""
        if head is not None and not head.verb and head.way == "backward" and head.start <= first and len(before) < 12:
            return self._split_at_comma(head.end, head.denied, connectors[1:])
        if head is not None and head.verb and head.way == "forward" and head.start < first and not self._refers_back():
            turned = self._turned(head)
            return [turned, *connectors[1:]] if turned else connectors[1:]
        opener = OPENERS.search(self.text)
        if opener and not (head and head.start < opener.end()):
            return self._split_at_comma(opener.end(), False, connectors)
        return connectors

    def _split_at_comma(self, start: int, denied: bool, rest: list[Connector]) -> list[Connector]:
        """Put a forward connector at the comma that ends an opening clause."""
        for match in re.finditer(r",|\s[—–-]\s|\bthen\b", self.text[start:]):
            at = start + match.start()
            named = any(start <= m.start < at for m in self.mentions)
            follows = any(m.start >= at for m in self.mentions)
            if named and follows:
                comma = Connector(way="forward", verb=False, start=at, end=start + match.end(), denied=denied)
                return sorted([*rest, comma], key=lambda c: c.start)
        return rest

    def _turned(self, head: Connector) -> Connector | None:
        """Return the "was" of "what caused B was A"."""
        for match in re.finditer(r"\b(?:was|were|is|are|lay in|lies in|:)(?!\w)|:", self.text[head.end :]):
            at = head.end + match.start()
            if any(head.end <= m.start < at for m in self.mentions):
                return Connector(way="backward", verb=False, start=at, end=head.end + match.end(), denied=head.denied)
        return None

    def _refers_back(self) -> bool:
        return bool(BACK_REFERENCE.match(self.text)) and bool(self.carried)

    def _grouped(self) -> list[tuple[Concept, ...]]:
        edges = [0, *(c.end for c in self.connectors), len(self.text) + 1]
        return [self._within(low, high) for low, high in pairwise(edges)]

    def _within(self, low: int, high: int) -> tuple[Concept, ...]:
        """Return the concepts named between two places; after a connector, what a colon adds is a comment."""
        inside = [m for m in self.mentions if low <= m.start < high]
        colon = self.text.find(": ", low, high) if low else -1
        before = [m for m in inside if m.start < colon]
        return tuple({m.concept.id: m.concept for m in before or inside}.values())

    def _left(self, i: int) -> tuple[Concept, ...]:
        """Return what stands left of a connector: the nearest group with a name in it, else what came before."""
        for group in reversed(self.groups[: i + 1]):
            if group:
                return group
        conjunction = not self.connectors[i].verb
        return self.carried if self._refers_back() or conjunction or self.connectors[i].way == "backward" else ()

    def _beyond(self, i: int) -> tuple[Concept, ...]:
        """Return what a verb inside the right-hand clause acts on: "so A filled B" says B, too."""
        following = self.connectors[i + 1] if i + 1 < len(self.connectors) else None
        if following is None or not following.verb or following.way == "backward":
            return ()
        return self.groups[i + 2]

    def _after(self, i: int) -> str:
        return self.text[self.connectors[i].end :]

    def _between(
        self, causes: tuple[Concept, ...], effects: tuple[Concept, ...], inner: tuple[Concept, ...], denied: bool,
        *, inner_causes: bool = False, choose: bool = False,
    ) -> list[Claim]:  # fmt: skip
        """Return the claims between two groups; where several readings are open, those that fit, else one."""
        if any(c.id.startswith(("fault:", "outside:")) for c in causes):
            # "a memory leak in the engines" blames the leak, not the engines
            causes = tuple(c for c in causes if c.role != "chain")
        direct = [(c, e) for c in causes for e in effects if _may(c, e)]
        further = [(c, e) for c in (inner if inner_causes else causes) for e in (effects if inner_causes else inner)
                   if _may(c, e)]  # fmt: skip
        pairs = direct
        if inner or choose:
            fitting = [(c, e) for c, e in (*direct, *further) if self.fits(c.id, _harmed(e))]
            pairs = fitting or direct[:1] or further[:1]
        return [self._claim(c, e, denied) for c, e in dict.fromkeys(pairs)]

    def _denials(self) -> list[Claim]:
        """Return what a statement of denial clears: everything that it names, of harm to users."""
        cleared = [c for group in self.groups for c in group if c.role in ("chain", "other")]
        if len(cleared) > 1 and self.connectors:
            return [self._claim(cleared[0], c, True) for c in cleared[1:] if c.role == "chain"]
        return [Claim(cause=c.id, effect=IMPACT, line=0, text="", denied=True) for c in cleared]

    def _claim(self, cause: Concept, effect: Concept, denied: bool) -> Claim:
        return Claim(cause=cause.id, effect=_harmed(effect), line=0, text="", denied=denied, guess=self.guess)


def _harmed(effect: Concept) -> str:
    return IMPACT if effect.role == "victim" else effect.id


def _may(cause: Concept, effect: Concept) -> bool:
    """Say whether a pair can be a claim at all: what happens to things outside the chain is not judged."""
    return cause.id != _harmed(effect) and effect.role != "other"
