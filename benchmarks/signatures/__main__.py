"""Print the measured table of all fault kinds: `python -m benchmarks.signatures [ROW...] [--seed N | --seeds A..B]`."""

from __future__ import annotations

import argparse

from benchmarks.seeds import seeds
from benchmarks.signatures.case import Case, measure
from benchmarks.signatures.rows import CASES


def main() -> None:
    """Measure the rows named, or all, and print them as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--seeds", type=seeds, metavar="A..B", help="say of each row on how many of these seeds it holds"
    )
    args = parser.parse_args()
    cases = [case for case in CASES if not args.rows or case.row in args.rows]
    if args.seeds:
        over_seeds(cases, args.seeds)
    else:
        table(cases, args.seed)


def table(cases: list[Case], seed: int) -> None:
    """Print what each case comes to under one seed."""
    print("| row | incident | symptoms seen | right move: loss left | wrong move | its loss |")
    print("|---|---|---|---|---|---|")
    for case in cases:
        m = measure(case, seed=seed)
        shown = sum(m.seen.values())
        print(f"| {case.row} | {case.name} | {shown} of {len(m.seen)} | {m.share(m.right):.0%} | {case.wrong_is} "
              f"| {m.share(m.wrong):.0%} |", flush=True)  # fmt: skip


def over_seeds(cases: list[Case], seeds: range) -> None:
    """Print on how many seeds each case holds, between which shares its moves lie, and what failed where."""
    print("| row | incident | right move: loss left | wrong move | its loss | holds on | where it does not |")
    print("|---|---|---|---|---|---|---|")
    for case in cases:
        found = {seed: measure(case, seed=seed) for seed in seeds}
        broken = {seed: m.broken(case) for seed, m in found.items() if m.broken(case)}
        right, wrong = ([m.share(loss) for m in found.values() for loss in (getattr(m, move),)]
                        for move in ("right", "wrong"))  # fmt: skip
        why = "; ".join(f"seed {seed}: {', '.join(reasons)}" for seed, reasons in broken.items())
        print(f"| {case.row} | {case.name} | {min(right):.0%} to {max(right):.0%} | {case.wrong_is} | {min(wrong):.0%} "
              f"to {max(wrong):.0%} | {len(found) - len(broken)} of {len(found)} | {why} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
