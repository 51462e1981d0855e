"""Does the order of plays depend on the exact weights? Kendall's τ between the order at the given weights and at
weights 20 % off.

`python -m benchmarks.weight_sensitivity TABLE.json... [--rubric NAME|FILE] [--off 20]` reads what
`incidentsim run --json` or `incidentsim score --json` wrote, or the results.jsonl of a scored `incidentsim sweep`, and
recomputes, without any run, the practice index and the rubric's automatic points. Per scenario: each weight alone up
and down, then 64 drawn corners with every weight up or down. The goal is τ ≥ .9 everywhere; ends with 1 when it is
missed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isqrt, sqrt
from pathlib import Path
from typing import Any

from incidentsim.scenario.rubric import Rubric
from incidentsim.scenario.rubric_files import load_rubric
from incidentsim.scoring.harm import HARM_WEIGHT, MOST_PENALTY, UNSAFE_WEIGHT
from incidentsim.scoring.index import WEIGHTS

GOAL = 0.9
"""Least Kendall τ: nineteen of twenty pairs keep their order."""

CORNERS = 64
"""Combinations in which every weight is off; drawn with a fixed seed."""

Weights = Mapping[str, float]
Scorer = Callable[[Mapping[str, Any], Weights], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The smallest τ of one kind of score over one scenario's plays, and the weights that gave it."""

    score: str
    scenario: str
    plays: int
    alone: float
    alone_by: str
    corners: float

    def ok(self) -> bool:
        """Return whether the order is stable enough."""
        return min(self.alone, self.corners) >= GOAL


def kendall_tau(left: Sequence[float], right: Sequence[float]) -> float:
    """Return τ-b of two scores of the same plays: 1 for the same order, −1 for the reverse, ties taken out.

    τ-b = (concordant − discordant) / √((pairs − ties in left)(pairs − ties in right)), Kendall 1945. Two scores that
    tie everything agree (1); one that does alone says nothing (0).
    """
    together = ties_left = ties_right = pairs = 0
    for i in range(len(left)):
        for j in range(i):
            a = (left[i] > left[j]) - (left[i] < left[j])
            b = (right[i] > right[j]) - (right[i] < right[j])
            together += a * b
            ties_left += a == 0
            ties_right += b == 0
            pairs += 1
    product = (pairs - ties_left) * (pairs - ties_right)
    if product == 0:
        return 1.0 if pairs in (ties_left, ties_right) and ties_left == ties_right else 0.0
    root = isqrt(product)
    return together / (root if root * root == product else sqrt(product))


def index_weights() -> dict[str, float]:
    """Return the weights of the practice index and its penalty."""
    return {**WEIGHTS, "harm": HARM_WEIGHT, "unsafe": UNSAFE_WEIGHT}


def practice_index(card: Mapping[str, Any], weights: Weights) -> float:
    """Return the practice index of a scorecard's parts under other weights, to six decimals."""
    parts = card["parts"]
    value = {name: float(parts[name]["value"]) for name in (*WEIGHTS, "g")}
    gated = {"S": min(1.0, max(0.0, value["S"])) * value["g"], "T": value["T"] * value["g"]}
    gained = sum(weights[name] * gated.get(name, value[name]) for name in WEIGHTS)
    inputs = parts["H"]["inputs"]
    lost = min(MOST_PENALTY, weights["harm"] * float(inputs["harm"]) + weights["unsafe"] * float(inputs["unsafe"]))
    hints = float(parts["hints"]["value"]) if "hints" in parts else 0.0
    return round(max(0.0, 100.0 * max(0.0, gained - lost) - hints), 6)


def automatic_weights(rubric: Rubric) -> dict[str, float]:
    """Return the points that a rubric gives to each measure."""
    return {name: milli / 1000 for domain in rubric.domains for name, milli in domain.automatic.items()}


def automatic_points(card: Mapping[str, Any], weights: Weights) -> float:
    """Return a scorecard's automatic points under other weights, to six decimals."""
    interview = card["interview"]
    if not interview["earned"]:
        return 0.0
    measures = interview["measures"]
    return round(sum(points * float(measures[name]["value"] or 0.0) for name, points in weights.items()), 6)


def perturbed(weights: Weights, off: float) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield (what was changed, weights): each alone up and down, then drawn corners (called an empty text)."""
    for name in weights:
        for factor in (1.0 - off, 1.0 + off):
            yield f"{name} × {factor:g}", {**weights, name: weights[name] * factor}
    draw = random.Random(20)
    for _ in range(CORNERS):
        yield "", {name: weight * draw.choice((1.0 - off, 1.0 + off)) for name, weight in weights.items()}


def finding(name: str, scenario: str, cards: Sequence[Mapping[str, Any]], scorer: Scorer, weights: Weights,
            off: float) -> Finding:  # fmt: skip
    """Return how stable the order of one scenario's plays is."""
    base = [scorer(card, weights) for card in cards]
    alone, by, corners = 1.0, "", 1.0
    for changed, other in perturbed(weights, off):
        tau = kendall_tau(base, [scorer(card, other) for card in cards])
        if not changed:
            corners = min(corners, tau)
        elif tau < alone:
            alone, by = tau, changed
    return Finding(score=name, scenario=scenario, plays=len(cards), alone=alone, alone_by=by, corners=corners)


def findings(cards: Sequence[Mapping[str, Any]], rubric: Rubric, off: float) -> list[Finding]:
    """Return the findings on every scenario, for the practice index and for the rubric's automatic points."""
    by_scenario: dict[str, list[Mapping[str, Any]]] = {}
    for card in cards:
        if card["practice_index"] is not None:
            by_scenario.setdefault(card["scenario"]["id"], []).append(card)
    out: list[Finding] = []
    for scenario, plays in sorted(by_scenario.items()):
        out.append(finding("practice index", scenario, plays, practice_index, index_weights(), off))
        measured = [card for card in plays if card.get("interview", {}).get("measures")]
        weights = automatic_weights(rubric)
        if measured and weights:
            out.append(finding(f"rubric {rubric.id}", scenario, measured, automatic_points, weights, off))
    return out


def cards_in(text: str) -> list[Mapping[str, Any]]:
    """Return the scorecards of a JSON text: of runs, of scores, one or a list, or one a line."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:  # a line for each play
        value = [json.loads(line) for line in text.splitlines()]
    items = value if isinstance(value, list) else [value]
    return [item.get("score", item) for item in items]


def main() -> int:
    """Print the table; return 1 when the goal is missed or nothing was there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", type=Path, metavar="TABLE.json")
    parser.add_argument("--rubric", default="default", metavar="NAME|FILE")
    parser.add_argument("--off", type=float, default=20.0, help="how far off the weights are, in per cent")
    args = parser.parse_args()
    cards = [card for path in args.tables for card in cards_in(path.read_text(encoding="utf-8"))]
    found = findings(cards, load_rubric(args.rubric), args.off / 100)
    print("| score | scenario | plays | least τ, one weight off | which | least τ, all off | goal |")
    print("|---|---|---|---|---|---|---|")
    for f in found:
        verdict = "ok" if f.ok() else "missed"
        print(f"| {f.score} | {f.scenario} | {f.plays} | {f.alone:.3f} | {f.alone_by or '–'} | {f.corners:.3f} "
              f"| ≥ {GOAL}: {verdict} |")  # fmt: skip
    if not found:
        print("no scorecard with a practice index in these files", file=sys.stderr)
    return 0 if found and all(f.ok() for f in found) else 1


if __name__ == "__main__":
    sys.exit(main())
