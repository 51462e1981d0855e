"""Good and bad runbooks, measured: `python -m benchmarks.runbooks [SCENARIO...] [--seeds A..B]`

Follows every Markdown file of benchmarks/runbooks/SCENARIO/ over the seeds and prints minutes and harm saved, and what
it sets off in healthy stacks. Exit code 1 when a good one doesn't help or a bad one does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.seeds import seeds
from incidentsim.certify.runbooks import measure
from incidentsim.cli.library import load
from incidentsim.policies.runbook_text import read_runbook

FOLDER = Path(__file__).parent / "runbooks"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=sorted(path.name for path in FOLDER.iterdir()))
    parser.add_argument("--seeds", type=seeds, default="1..3")
    args = parser.parse_args()
    as_expected = True
    print("| scenario | runbook | seeds | minutes saved | harm avoided (worst seed) | false triggers | helps |")
    print("|---|---|---|---|---|---|---|")
    for name in args.scenarios:
        scenario = load(name, None)
        for path in sorted((FOLDER / name).glob("*.md")):
            verdict = measure(
                read_runbook(path.read_text(encoding="utf-8"), name=path.name), scenario, seeds=args.seeds
            )
            worst = min(s.harm_avoided for s in verdict.seeds)
            print(
                f"| {name} | {path.stem} | {len(verdict.seeds)} | {verdict.minutes_saved():.1f} "
                f"| {verdict.harm_avoided():.0%} ({worst:.0%}) | {verdict.false_triggers()} "
                f"| {'yes' if verdict.helps() else 'no'} |",
                flush=True,
            )
            as_expected &= verdict.helps() == (path.stem == "good")
    return 0 if as_expected else 1


if __name__ == "__main__":
    sys.exit(main())
