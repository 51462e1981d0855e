"""Causal claims against the scenario's causal chain: found, missing, reversed, invented.

Edges to be found: trigger → root cause → propagation → impact. A claim along the graph that leaves steps out is a
shortcut: right, worth less. The measure is F0.5, precision first, as for diagnoses (scoring.md §2, §4). Prototype
texts: good 1.00, stuffed 0, reversed 0, where counting keywords gave 1.00 to all three.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from incidentsim.scenario.model import Scenario
from incidentsim.scoring.numbers import exact_total
from incidentsim.scoring.postmortem.concepts import HARMED, IMPACT, Concepts, trigger_of, twins_of
from incidentsim.scoring.postmortem.document import Sentence
from incidentsim.scoring.postmortem.grammar import Claim, claims_of

SHORTCUT = 0.35
"""What a claim that leaves steps out is worth, shared among the edges it spans: one hop away, as in diagnoses."""

GUESS = 0.5
"""What a right claim is worth that is only said to be possible."""

UNNAMED = 0.5
"""What is left of the measure where no root cause is named by what was wrong: places alone are guessed easily."""

Edge = tuple[str, str]
Verdict = Literal["found", "shortcut", "reversed", "invented", "contradicted", "denied", "cleared", "unjudged"]
"""`denied`: a true edge said not to be. `cleared`: a wrong one said not to be. `contradicted`: said both ways."""

RIGHT: tuple[Verdict, ...] = ("found", "shortcut")
WRONG: tuple[Verdict, ...] = ("reversed", "invented", "contradicted", "denied")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedClaim:
    """One claim with its verdict; `line` and `text` are those of its first sentence."""

    cause: str
    effect: str
    verdict: Verdict
    line: int
    text: str
    guess: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Causality:
    """What the text says of causes. `missing` are edges nobody named, `named` the root causes said with what was wrong.

    `score` is F0.5 of precision and recall, times ½ + ½ · the share of root causes named.
    """

    score: float
    precision: float
    recall: float
    edges: tuple[Edge, ...]
    missing: tuple[Edge, ...]
    named: tuple[str, ...]
    claims: tuple[JudgedClaim, ...]
    crowded: tuple[tuple[int, str], ...]


def wanted_edges(scenario: Scenario) -> tuple[Edge, ...]:
    """Return the edges from triggers through causes and propagation to harm, each once, in causal order.

    A chain that ends at a tenant, or at what users think of answers, ends in harm.
    """
    edges: dict[Edge, None] = {}
    ends: dict[str, None] = {}
    twin = twins_of(scenario)
    inner = {start for root in scenario.root_causes for start, _ in root.chain}
    for root in scenario.root_causes:
        for change in trigger_of(scenario, root):
            edges[change.id, root.component] = None
        for start, end in root.chain:
            harmed = end not in inner and end.startswith(HARMED)
            edges[twin.get(start, start), IMPACT if harmed else twin.get(end, end)] = None
            if end not in inner and not harmed:
                ends[end] = None
        if root.chain and _returns(root.chain, root.chain[-1][1]):
            ends[root.chain[-1][1]] = None
        if not root.chain:
            ends[root.component] = None
    for node in ends:
        edges[node, IMPACT] = None
    return tuple(edges)


def _returns(chain: Sequence[Edge], node: str) -> bool:
    """Say whether a chain comes back to a node that it went out from: what it does there harms users."""
    return any(start == node for start, _ in chain)


def causality(sentences: Sequence[Sentence], scenario: Scenario, concepts: Concepts) -> Causality:
    """Return what these sentences claim, judged."""
    edges = wanted_edges(scenario)
    reach = _reach((*edges, *(e for e in scenario.causal_graph if e not in edges and not e[1].startswith(HARMED))))
    roots = [root.component for root in scenario.root_causes]

    def meets(cause: str, effect: str) -> bool:
        """Say whether another root cause comes through the effect: either may be said to let the other through."""
        others = [r for r in roots if r != cause and effect in (r, *reach.get(r, ()))]
        return cause in roots and effect != IMPACT and effect not in roots and bool(others)

    def fits(cause: str, effect: str) -> bool:
        return effect in reach.get(cause, ())

    reading = claims_of([s for s in sentences if s.section in ("story", "impact")], concepts, fits)
    said = {(c.cause, c.effect) for c in reading.claims if not c.denied}
    first: dict[tuple[str, str, bool], Claim] = {}
    for claim in reading.claims:
        key = (claim.cause, claim.effect, claim.denied)
        if key not in first or (first[key].guess and not claim.guess):
            first[key] = claim
    judged = [
        JudgedClaim(
            cause=c.cause, effect=c.effect, line=c.line, text=c.text, guess=c.guess,
            verdict=_verdict(c, edges, reach, meets, said),
        )
        for c in first.values()
    ]  # fmt: skip
    named = tuple(
        root.id for root in scenario.root_causes
        if any(m.concept.id == root.component and m.phrase in concepts.telling[root.id] for m in reading.mentions)
    )  # fmt: skip
    share = len(named) / len(scenario.root_causes)
    measured = _measured(judged, edges, reach, tuple((s.line, s.text) for s in reading.crowded))
    return replace(measured, score=measured.score * (UNNAMED + (1 - UNNAMED) * share), named=named)


def _verdict(
    claim: Claim, edges: Sequence[Edge], reach: Mapping[str, frozenset[str]], meets: Callable[[str, str], bool],
    said: set[Edge],
) -> Verdict:  # fmt: skip
    along = claim.effect in reach.get(claim.cause, ())
    against = claim.cause in reach.get(claim.effect, ())
    if claim.denied:
        return "denied" if along and (claim.cause, claim.effect) not in said else "cleared"
    if along:
        # in a chain that comes back, two places may each lead to the other
        if (claim.effect, claim.cause) in said and not against and not meets(claim.effect, claim.cause):
            return "contradicted"
        if (claim.cause, claim.effect) in edges:
            return "found"
        return "unjudged" if (claim.effect, claim.cause) in edges else "shortcut"
    if against:
        return "unjudged" if meets(claim.cause, claim.effect) else "reversed"
    return "invented"


def _measured(
    claims: Sequence[JudgedClaim], edges: Sequence[Edge], reach: Mapping[str, frozenset[str]],
    crowded: tuple[tuple[int, str], ...],
) -> Causality:  # fmt: skip
    worth = dict.fromkeys(edges, 0.0)
    for claim in claims:
        if claim.verdict not in RIGHT:
            continue
        weight = GUESS if claim.guess else 1.0
        if claim.verdict == "found":
            worth[claim.cause, claim.effect] = max(worth[claim.cause, claim.effect], weight)
            continue
        spanned = _spanned(claim.cause, claim.effect, edges, reach)
        for edge in spanned:
            worth[edge] = max(worth[edge], weight * SHORTCUT / len(spanned))
    right = [c for c in claims if c.verdict in RIGHT]
    wrong = [c for c in claims if c.verdict in WRONG]
    recall = exact_total(worth.values()) / len(edges) if edges else 0.0
    precision = len(right) / (len(right) + len(wrong)) if right or wrong else 0.0
    score = 1.25 * precision * recall / (0.25 * precision + recall) if precision and recall else 0.0
    return Causality(
        score=score, precision=precision, recall=recall, edges=tuple(edges),
        missing=tuple(edge for edge in edges if worth[edge] < GUESS), claims=tuple(claims), crowded=crowded, named=(),
    )  # fmt: skip


def _spanned(cause: str, effect: str, edges: Sequence[Edge], reach: Mapping[str, frozenset[str]]) -> list[Edge]:
    """Return the edges that lie on a way from cause to effect."""
    return [
        (a, b) for a, b in edges
        if (a == cause or a in reach.get(cause, ())) and (b == effect or effect in reach.get(b, ()))
    ]  # fmt: skip


def _reach(edges: Sequence[Edge]) -> dict[str, frozenset[str]]:
    """Return everything that each node leads to; where there are circles, along edges in their order only."""
    plain = {start: _from(start, edges, ordered=False) for start in dict.fromkeys(a for a, _ in edges)}
    if any(node in reached for node, reached in plain.items()):
        return {start: _from(start, edges, ordered=True) for start in plain}
    return plain


def _from(start: str, edges: Sequence[Edge], *, ordered: bool) -> frozenset[str]:
    best: dict[str, int] = {start: -1}
    waiting = [start]
    reached: dict[str, None] = {}
    while waiting:
        node = waiting.pop()
        for place, (a, b) in enumerate(edges):
            if (
                a == node
                and (not ordered or place > best[node])
                and (b not in reached or (ordered and place < best[b]))
            ):
                reached[b] = None
                best[b] = min(best.get(b, place), place) if b != start else place
                waiting.append(b)
    return frozenset(reached)
