"""Play every scripted player over seeds and print the table of docs/results.md.

`python -m benchmarks.policy_table --seeds 1..20 --out FILE.json` keeps each finished run in FILE.json (and skips
what is there already); without `--out` nothing is kept. Runs go through `incidentsim run`, two at a time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import mean
from typing import Any

from incidentsim.specs.people import POLICIES


def run(scenario: str, policy: str, seeds: str) -> list[dict[str, Any]]:
    """Return the results of one player over a range of seeds."""
    command = [sys.executable, "-m", "incidentsim", "run", scenario, "--policy", policy, "--seed", seeds, "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    results = json.loads(done.stdout)
    return results if isinstance(results, list) else [results]


def row(policy: str, results: list[dict[str, Any]]) -> str:
    """Return one line of the table."""
    index = sorted(r["score"]["practice_index"] for r in results)
    saved = [r["score"]["parts"]["S"]["value"] for r in results]
    held = sum(all(r["objectives_met_last_10_min"].values()) for r in results)
    return (f"| {policy} | {len(results)} | {held} | {mean(index):.1f} | {index[0]:.1f} | {index[-1]:.1f} "
            f"| {mean(saved):.2f} |")  # fmt: skip


def table(results: Iterable[dict[str, Any]]) -> list[str]:
    """Return the Markdown table."""
    by_policy: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        by_policy.setdefault(result["player"], []).append(result)
    head = ["| player | seeds | objectives met in the last 10 min | index mean | min | max | S mean |",
            "|---|---|---|---|---|---|---|"]  # fmt: skip
    return head + [row(p, by_policy[p]) for p in POLICIES if p in by_policy]


def main() -> None:
    """Run what is missing, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="slow-chat")
    parser.add_argument("--seeds", default="1..20")
    parser.add_argument("--step", type=int, default=4, help="seeds per call, so that little is lost when stopped")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    first, _, last = args.seeds.partition("..")
    kept: list[dict[str, Any]] = json.loads(args.out.read_text()) if args.out and args.out.exists() else []
    there = {(r["player"], r["seed"]) for r in kept}
    for low in range(int(first), int(last or first) + 1, args.step):
        high = min(low + args.step - 1, int(last or first))
        for policy in POLICIES:
            if all((policy, seed) in there for seed in range(low, high + 1)):
                continue
            kept += run(args.scenario, policy, f"{low}..{high}" if high > low else str(low))
            if args.out:
                args.out.write_text(json.dumps(kept))
            print(f"{policy} {low}..{high}", file=sys.stderr, flush=True)
    print("\n".join(table(kept)))


if __name__ == "__main__":
    main()
