"""An incident of half a minute on a small stack: a play of it takes a tenth of a second of processor time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario

FIXTURES = Path(__file__).parents[1] / "scenario" / "fixtures"

SHORTER = (
    ("id: slow-answers", "id: tiny"), ("duration: 20m", "duration: 30s"), ("prelude: 10m", "prelude: 20s"),
    ("at: -7m", "at: -10s"), ("at: 4m", "at: 15s"), ("ramp: 3m", "ramp: 5s"),
    ("after: 4m", "after: 10s"),
)  # fmt: skip

LINES = ((4, "ack"), (8, "set gateway.admission tokens"), (12, "limit {tenant.strategic} tokens 20k"))


def copied(root: Path, name: str, shorter: tuple[tuple[str, str], ...]) -> Path:
    """Copy the fixture scenario and its stack below `root` with these texts replaced; return the scenario's folder."""
    shutil.copytree(FIXTURES / "stacks", root / "stacks")
    folder = root / name
    shutil.copytree(FIXTURES / "slow-answers", folder)
    text = (folder / "scenario.yaml").read_text(encoding="utf-8")
    for long, short in shorter:
        assert text.count(long) == 1, long
        text = text.replace(long, short)
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    return folder


def make_tiny(root: Path) -> Path:
    """Write the scenario and its stack below `root`; return the scenario's folder."""
    folder = copied(root, "tiny", SHORTER)
    script = "".join(json.dumps({"t": t, "command": command}) + "\n" for t, command in LINES)
    for path in sorted(folder.rglob("*.jsonl")):
        path.write_text(script, encoding="utf-8")
    return folder


def tiny(root: Path) -> Scenario:
    """Return the scenario, written below `root`."""
    return load_scenario(make_tiny(root))
