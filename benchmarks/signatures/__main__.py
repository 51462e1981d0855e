"""Print the measured table of all fault kinds: `python -m benchmarks.signatures [ROW...] [--seed N]`."""

from __future__ import annotations

import argparse

from benchmarks.signatures.case import measure
from benchmarks.signatures.rows import CASES


def main() -> None:
    """Measure the rows named, or all, and print them as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print("| row | incident | symptoms seen | right move: loss left | wrong move | its loss |")
    print("|---|---|---|---|---|---|")
    for case in CASES:
        if args.rows and case.row not in args.rows:
            continue
        m = measure(case, seed=args.seed)
        shown = sum(m.seen.values())
        print(f"| {case.row} | {case.name} | {shown} of {len(m.seen)} | {m.share(m.right):.0%} | {case.wrong_is} "
              f"| {m.share(m.wrong):.0%} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
