"""R1 in figures: `python -m benchmarks.kill 200` kills a recorded session 200 times and prints what was lost.

The session runs on the small world of the tests, so that thousands of kills are a matter of minutes; with
`--real` on the first two minutes of slow-chat.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from tests.session.killing import WORLD_VARIABLE, kill_often


def main() -> int:
    """Kill, print the figures, and return 1 when anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", action="store_true", help="on the real world")
    chosen = parser.parse_args()
    if chosen.real:
        os.environ[WORLD_VARIABLE] = "real"
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outcome = kill_often(Path(folder), chosen.kills, seed=chosen.seed)
    seconds = time.perf_counter() - started
    ok = outcome.lost == 0 and outcome.chain_ok and outcome.same_digests
    print(
        f"R1  kills {outcome.kills}  acknowledged {outcome.acknowledged}  lost {outcome.lost}  "
        f"torn lines {outcome.torn_lines}  chain {'whole' if outcome.chain_ok else 'BROKEN'}  "
        f"digests {'equal' if outcome.same_digests else 'DIFFER'}  "
        f"longest start or resume {outcome.longest_resume_s:.2f} s  took {seconds:.0f} s"
    )
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
