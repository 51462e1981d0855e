"""Was the diagnosis right, and what carried it: D and De (scoring.md §2).

Called by `score`. D is half soft F0.5 over what was committed (p of one half or more), half Brier skill over
the closed vocabulary against its base rate. De weighs D by the share of committed causes for which evidence
had been seen. Naming a right cause never costs: De is the best value over leaving right causes out, since
otherwise a right cause named without evidence could lower it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from incidentsim.scenario.model import RootCause, Scenario
from incidentsim.scoring.evidence import Evidence
from incidentsim.scoring.moves import chain_components
from incidentsim.scoring.numbers import clip, exact_total, share
from incidentsim.scoring.play import Belief, Cause

WHOLE_PPM = 1_000_000
COMMITTED_PPM = 500_000
"""A cause counts as committed from one half on: the person holds it to be more likely true than not."""

NEAR = 0.35
"""Worth of a cause one hop away on the causal graph and on the propagation path (scoring.md §2)."""

UNSEEN, SEEN = 0.35, 0.65
"""De = D · (.35 + .65 · share of committed causes with evidence)."""

MOST_RIGHT_LEFT_OUT = 6
"""Subsets are tried for up to this many right causes: 64 evaluations; scenarios have two or three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The last probability committed for one cause, with the record it stands in."""

    cause: Cause
    p_ppm: int
    seq: int
    right: bool
    near: bool
    evidence: bool

    def committed(self) -> bool:
        """Return whether it counts as committed."""
        return self.p_ppm >= COMMITTED_PPM


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """D and De with everything they were made from. `f`, `bss` and `d` are of all claims."""

    claims: tuple[Claim, ...]
    precision: float
    recall: float
    f: float
    bss: float
    d: float
    with_evidence: int
    de: float


def judge(beliefs: Sequence[Belief], scenario: Scenario, evidence: Evidence, vocabulary: Sequence[Cause]) -> Diagnosis:
    """Return the judgement of the committed diagnoses. `vocabulary` is every pair that could be named,
    stable ids."""
    claims = _claims([b for b in beliefs if b.committed], scenario, evidence)
    universe = tuple(dict.fromkeys((*vocabulary, *((c.component, c.fault) for c in scenario.root_causes))))
    precision, recall, f, bss, d = _d(claims, scenario, len(universe))
    right = [claim for claim in claims if claim.right][:MOST_RIGHT_LEFT_OUT]
    de = 0.0
    for count in range(len(right) + 1):
        for left_out in combinations(right, count):
            kept = [claim for claim in claims if claim not in left_out]
            de = max(de, _gated(kept, _d(kept, scenario, len(universe))[4]))
    return Diagnosis(
        claims=claims, precision=precision, recall=recall, f=f, bss=bss, d=d, de=de,
        with_evidence=len([c for c in claims if c.committed() and c.evidence]),
    )  # fmt: skip


def is_right(cause: Cause, root: RootCause) -> bool:
    """Return whether `cause` names this root cause, exactly or by an alias."""
    return cause == (root.component, root.fault) or cause in root.aliases


def is_near(cause: Cause, root: RootCause, graph: Sequence[tuple[str, str]]) -> bool:
    """Return whether `cause` is one hop from `root` on the causal graph and on its path to the symptom.

    Nodes are written `component` or `component:fault`; the other fault of the right component is not near.
    """
    if is_right(cause, root) or cause[0] == root.component or cause[0] not in chain_components(root):
        return False
    mine = _nodes(cause)
    theirs = _nodes((root.component, root.fault))
    return any((a in mine and b in theirs) or (b in mine and a in theirs) for a, b in graph)


def _nodes(cause: Cause) -> tuple[str, str]:
    return cause[0], f"{cause[0]}:{cause[1]}"


def _claims(beliefs: Sequence[Belief], scenario: Scenario, evidence: Evidence) -> tuple[Claim, ...]:
    """Return one claim per cause: the last word on each pair; of a cause's aliases the strongest."""
    last: dict[Cause, Belief] = {}
    for belief in beliefs:
        last[belief.cause] = belief
    claims: dict[Cause, Claim] = {}
    for pair, belief in last.items():
        root = next((c for c in scenario.root_causes if is_right(pair, c)), None)
        cause = (root.component, root.fault) if root else pair
        earlier = claims.get(cause)
        if earlier is not None and earlier.p_ppm >= belief.p_ppm:
            continue
        claims[cause] = Claim(
            cause=cause, p_ppm=belief.p_ppm, seq=belief.seq, right=root is not None,
            near=root is None and any(is_near(pair, c, scenario.causal_graph) for c in scenario.root_causes),
            evidence=root is not None and evidence.supports(root, belief),
        )  # fmt: skip
    return tuple(claims.values())


def _d(claims: Sequence[Claim], scenario: Scenario, universe: int) -> tuple[float, float, float, float, float]:
    """Return (soft precision, soft recall, F0.5, Brier skill, D)."""
    roots = scenario.root_causes
    committed = [c for c in claims if c.committed()]
    precision = recall = f = 0.0
    if committed:
        precision = exact_total(1.0 if c.right else NEAR if c.near else 0.0 for c in committed) / len(committed)
        recall = exact_total(_found(root, committed, scenario) for root in roots) / len(roots)
    if precision > 0.0 and recall > 0.0:
        f = 1.25 * precision * recall / (0.25 * precision + recall)
    bss = brier_skill({c.cause: c.p_ppm for c in claims}, [(r.component, r.fault) for r in roots], universe)
    return precision, recall, f, bss, max(0.0, 0.5 * f + 0.5 * bss)


def _found(root: RootCause, committed: Sequence[Claim], scenario: Scenario) -> float:
    if any(is_right(c.cause, root) for c in committed):
        return 1.0
    return NEAR if any(is_near(c.cause, root, scenario.causal_graph) for c in committed) else 0.0


def brier_skill(stated_ppm: Mapping[Cause, int], truth: Sequence[Cause], universe: int) -> float:
    """Return 1 − Brier / Brier of the base rate; causes not stated count as probability 0.

    The base rate n / |vocabulary| for every pair has Σ (base − y)² = n(|V| − n) / |V|.
    """
    n = len(truth)
    base_scaled = n * (universe - n)
    if base_scaled <= 0:
        return 0.0
    squared = 0
    for cause, p_ppm in stated_ppm.items():
        off = p_ppm - (WHOLE_PPM if cause in truth else 0)
        squared += off * off
    whole = WHOLE_PPM * WHOLE_PPM
    squared += whole * len([cause for cause in truth if cause not in stated_ppm])
    return 1.0 - squared * universe / (base_scaled * whole)


def _gated(claims: Sequence[Claim], d: float) -> float:
    committed = [c for c in claims if c.committed()]
    carried = share(len([c for c in committed if c.evidence]), len(committed))
    return clip(d * (UNSEEN + SEEN * carried))
