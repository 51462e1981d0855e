"""How long a score takes: a 45-minute play of slow-chat with ten moves, scored afresh and from the cache.

`python -m benchmarks.score_time [--moves 10] [--deep]` prints wall and CPU seconds with the load the machine had,
how many worlds were asked for, and how many simulated seconds were run in all branches. The play is a script with
good, useless and harmful moves spread over the first half hour; both calls must give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from incidentsim.cli.judge import judge
from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import script_commands
from incidentsim.session.headless import run_script
from incidentsim.transcript.model import Transcript
from incidentsim.transcript.recovery import read

DURATION_US = 45 * 60 * 1_000_000
"""The length that the goal is for."""

MOVES = (
    (90, "scale chat-pool 9"),
    (150, "priority {tenant.newsroom} interactive"),
    (210, "page account-manager"),
    (270, "restart chat-pool-3"),
    (360, "limit {tenant.strategic} tokens 1300k"),
    (480, "set gateway.admission tokens"),
    (600, "ask account-manager \\\"please ask {tenant.strategic} to stop the agent\\\""),
    (780, "set router.policy round_robin"),
    (1080, "waiver expire chg-2107"),
    (1500, "limit {tenant.strategic} tokens 2000k"),
)
"""Ten moves as a person makes them who tries things: some help, some do nothing, some hurt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One score: wall seconds, CPU seconds of all its processes, and the bytes."""

    wall_s: float
    cpu_s: float
    text: str


def scenario_of(duration_us: int = DURATION_US) -> Scenario:
    """Return slow-chat, lasting longer; its own digest, since it is another scenario."""
    scenario = load_scenario(find("slow-chat"))
    return scenario.model_copy(update={"duration": duration_us, "digest": f"{scenario.digest}-{duration_us}"})


def play(scenario: Scenario, moves: int, folder: Path) -> Transcript:
    """Return the transcript of the first `moves` moves on seed 1."""
    cast = make_cast(scenario, 1)
    text = "".join(f'{{"t": {t}, "command": "{command}"}}\n' for t, command in MOVES[:moves])
    return read(run_script(scenario, seed=1, cast=cast, path=folder / "play.jsonl", lines=script_commands(text, cast)))


def measured(transcript: Transcript, scenario: Scenario, cache: Path) -> Measured:
    """Score once."""
    before, start = _cpu_s(), time.perf_counter()
    text = judge(transcript, scenario, cache=cache).to_text()
    return Measured(wall_s=time.perf_counter() - start, cpu_s=_cpu_s() - before, text=text)


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=len(MOVES))
    args = parser.parse_args()
    scenario = scenario_of()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        transcript = play(scenario, args.moves, folder)
        for what in ("afresh", "from the cache"):
            load = os.getloadavg()[0]
            found = measured(transcript, scenario, folder / "cache")
            runs = len(list((folder / "cache").glob("*.json")))
            print(f"{what}: wall {found.wall_s:.1f} s, CPU {found.cpu_s:.1f} s, load {load:.1f} before, "
                  f"{runs} outcomes kept", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
