"""Which scenarios CI certifies this time: `python -m tools.whose_turn` prints their ids.

Those that the last commit changed, at most `MOST` of them, and one more: scenarios take turns by the number of commits.
Outside a checkout of git it is the first one's turn.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from incidentsim.scenario.catalogue import folders

ROOT = Path(__file__).resolve().parents[1]

MOST = 2
"""Changed scenarios that are certified: one takes a minute or two, and CI is to stay short."""


def chosen(names: list[str], changed: list[str], commits: int) -> list[str]:
    """Return the first changed scenarios and the one whose turn it is, each once. `changed`: paths in the checkout."""
    touched = [name for name in names if any(path.startswith(f"scenarios/{name}/") for path in changed)]
    turn = names[commits % len(names)]
    return list(dict.fromkeys([*touched[:MOST], turn]))


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def main() -> int:
    """Print the ids, with spaces between."""
    names = list(folders(ROOT / "scenarios"))
    count = _git("rev-list", "--count", "HEAD").strip()
    changed = _git("diff", "--name-only", "HEAD~1", "HEAD").splitlines()
    print(" ".join(chosen(names, changed, int(count) if count else 0)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
