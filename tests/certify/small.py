"""An incident of six minutes on the smallest stack, with all that a certificate asks for: a run takes half a second."""

from __future__ import annotations

import json
from pathlib import Path

from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from tests.sweep.tiny import copied

SHORTER = (
    ("id: slow-answers", "id: small"), ("duration: 20m", "duration: 6m"), ("prelude: 10m", "prelude: 3m"),
    ("at: -7m", "at: -10s"), ("at: 4m", "at: 1m"), ("ramp: 3m", "ramp: 5s"), ("after: 4m", "after: 10s"),
    ("\"logs:chat-pool\", ", ""), ("conversations_per_minute: 12", "conversations_per_minute: 200"),
    ("arrives_in: 90s", "arrives_in: 10s"),
    ("first_prompt: {p0: 500, p100: 2000}", "first_prompt: {p0: 3000, p100: 6000}"),
)  # fmt: skip
"""What makes the fixture short, and bad enough to hurt within minutes."""

ACTS = {
    "limit": "set gateway.admission tokens;limit {tenant.strategic} tokens 20k",
    "tokens": "limit {tenant.strategic} tokens 10k;set gateway.admission tokens",
    "shed": "limit {tenant.strategic} tokens 5k",
    "scale": "restart chat-pool",
}
"""Script -> what it does, from the twentieth second on."""


def make_small(root: Path) -> Path:
    """Write the scenario and its stack below `root`; return the scenario's folder."""
    folder = copied(root, "small", SHORTER)
    for path in sorted(folder.rglob("*.jsonl")):
        commands = ("ack", *ACTS[path.stem].split(";"))
        lines = [json.dumps({"t": 10 + 5 * i, "command": command}) for i, command in enumerate(commands)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def small(root: Path) -> Scenario:
    """Return the scenario, written below `root`."""
    return load_scenario(make_small(root))
