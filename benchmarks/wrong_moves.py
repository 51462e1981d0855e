"""What a scenario's own scripts do to users, by the model alone: references, tempting wrong moves, the held-out fix.

`python -m benchmarks.wrong_moves [--scenario ID] [--seeds 1..20]` prints a Markdown table: the loss (weighted bad
requests, scoring §1) of each script as a ratio to the unattended world on the same seed, its S (what it saves as a
share of what the best reference saves), and on how many seeds all objectives held over the last ten minutes.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from statistics import mean

from benchmarks.seeds import seeds
from incidentsim.certify.scripts import results
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import load_scenario


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="slow-chat")
    parser.add_argument("--seeds", type=seeds, default="1..6")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    with ProcessPoolExecutor(args.workers) as pool:
        found = list(pool.map(partial(results, load_scenario(find(args.scenario))), args.seeds))
    print("| script | loss, mean | ratio to nothing, mean | min | max | S, mean | min | max | objectives held at end |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in found[0]:
        saved = [one[name].saved for one in found]
        ratios = [one[name].loss / one["nothing"].loss for one in found]
        held = [one[name].held for one in found].count(True)
        print(f"| {name} | {mean(one[name].loss for one in found):,.0f} | {mean(ratios):.3f} | {min(ratios):.3f} "
              f"| {max(ratios):.3f} | {mean(saved):.3f} | {min(saved):.3f} | {max(saved):.3f} "
              f"| {held} of {len(found)} |")  # fmt: skip


if __name__ == "__main__":
    main()
