"""One score, to the byte, over hash seeds and Pythons: seven commands on the small world, scored in many ways.

`python -m benchmarks.score_bytes [PYTHON ...]` takes further interpreters that have incidentsim's dependencies and
prints the digest of the scorecard's JSON for each and for three hash seeds; exit code 1 when they differ. The tests
do the same with this interpreter and two hash seeds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from incidentsim.exact import sha256_hex

SEEDS = ("0", "1", "4242")

SCORE = "import sys; print(sys.version.split()[0]); from tests.session.small_score import small_score; " \
        "print(small_score(workers=1).to_text())"  # fmt: skip


def main() -> int:
    """Score every way, print, compare."""
    root = Path(__file__).parents[1]
    digests: list[str] = []
    for python in [sys.executable, *sys.argv[1:]]:
        for seed in SEEDS:
            environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
            done = subprocess.run(
                [python, "-c", SCORE], cwd=root, check=True, stdout=subprocess.PIPE, text=True, env=environment
            )
            version, text = done.stdout.splitlines()
            digests.append(sha256_hex(text))
            print(f"python {version} hash seed {seed:>4}: {len(text)} bytes, sha256 {digests[-1][:16]}", flush=True)
    equal = digests.count(digests[0]) == len(digests)
    print("equal" if equal else "DIFFERENT")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
