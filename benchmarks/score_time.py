"""How long a score takes: a 45-minute play of slow-chat with ten moves, scored afresh and from the cache.

`python -m benchmarks.score_time [--moves 10]` prints wall and CPU seconds with the load the machine had, and what does
not depend on the machine: how many worlds were run, and how many minutes were simulated in all branches together.
`--plans` runs no world at all and prints those two for worlds in which every move matters. The play has good, useless
and harmful moves in the first 25 minutes; both calls must give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from incidentsim.exact import bits64, stream_key
from incidentsim.scenario.cast import Cast, make_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import script_commands
from incidentsim.scoring.protocol import MARK_US, Outcome, Plan, Resimulate
from incidentsim.scoring.score import score
from incidentsim.session.headless import run_script
from incidentsim.session.judging import shown_vocabulary
from incidentsim.session.resimulation import Resimulator
from incidentsim.transcript.model import Transcript
from incidentsim.transcript.recovery import read

DURATION_US = 45 * 60 * 1_000_000
"""The length that the goal is for."""

SEED = 1

MOVES = (
    (90, "scale chat-pool 9"),
    (150, "priority {tenant.newsroom} interactive"),
    (210, "page account-manager"),
    (270, "restart chat-pool-3"),
    (360, "limit {tenant.strategic} tokens 1300k"),
    (480, "set gateway.admission tokens"),
    (600, 'ask account-manager \\"please ask {tenant.strategic} to stop the agent\\"'),
    (780, "set router.policy round_robin"),
    (1080, "waiver expire chg-2107"),
    (1500, "limit {tenant.strategic} tokens 2000k"),
)
"""Ten moves as a person makes them who tries things: some help, some do nothing, some hurt."""


@dataclass(slots=True, kw_only=True)
class Counted:
    """Passes plans on, and counts what a tree of forks simulates for them."""

    resimulate: Resimulate
    runs: int = 0
    simulated_us: int = 0
    seen: set[str] = field(default_factory=set)

    def __call__(self, plans: Sequence[Plan], /) -> Sequence[Outcome]:
        """Run them."""
        new = {str(plan): plan for plan in plans if str(plan) not in self.seen}
        self.seen.update(new)
        self.runs += len(new)
        self.simulated_us += _simulated_us(list(new.values()), 0, 0)
        return self.resimulate(plans)


def _simulated_us(plans: list[Plan], step: int, now_us: int) -> int:
    """Return what is simulated from `now_us` on for plans that share their first `step` commands."""
    ways: dict[str, list[Plan]] = {}
    for plan in plans:
        ways.setdefault(str(plan.commands[step : step + 1] or (plan.end_us, plan.run_on_us)), []).append(plan)
    if len(ways) == 1:
        first = plans[0]
        if step == len(first.commands):
            return first.end_us + first.run_on_us - now_us
        return _simulated_us(plans, step + 1, now_us)
    parts_us = (min(_time(way[0], step) for way in ways.values()) - 1) // MARK_US * MARK_US
    fork_us = max(parts_us, now_us)
    total = fork_us - now_us
    for way in ways.values():
        total += _simulated_us(way, step, fork_us)
    return total


def _time(plan: Plan, step: int) -> int:
    return plan.end_us if step == len(plan.commands) else min(plan.commands[step].t_us, plan.end_us)


def every_move_matters(plans: Sequence[Plan], /) -> Sequence[Outcome]:
    """Stand in for worlds: every plan has another state, and some loss."""
    out = []
    for plan in plans:
        bad = bits64(stream_key(SEED, str(plan.commands), "bad"), 0) % 100_000
        out.append(Outcome(sli={"ttft/strategic": (200_000, bad)}, cost_microdollars=0, series={}, state=str(plan)))
    return out


def scenario_of(duration_us: int = DURATION_US) -> Scenario:
    """Return slow-chat, lasting longer; its own digest, since it is another scenario."""
    scenario = load_scenario(find("slow-chat"))
    return scenario.model_copy(update={"duration": duration_us, "digest": f"{scenario.digest}-{duration_us}"})


def play(scenario: Scenario, moves: int, folder: Path) -> Transcript:
    """Return the transcript of the first `moves` moves."""
    cast = make_cast(scenario, SEED)
    text = "".join(f'{{"t": {t}, "command": "{command}"}}\n' for t, command in MOVES[:moves])
    lines = script_commands(text, cast)
    return read(run_script(scenario, seed=SEED, cast=cast, path=folder / "play.jsonl", lines=lines))


def measured(what: str, transcript: Transcript, scenario: Scenario, resimulate: Resimulate) -> str:
    """Score once, print what it took, return the bytes."""
    cast = Cast.from_json(transcript.header["cast"])
    counted = Counted(resimulate=resimulate)
    load, before, start = os.getloadavg()[0], _cpu_s(), time.perf_counter()
    card = score(transcript, scenario, counted, vocabulary=shown_vocabulary(scenario, cast))
    if isinstance(resimulate, Resimulator):
        resimulate.close()
    wall_s, cpu_s = time.perf_counter() - start, _cpu_s() - before
    print(f"{what}: wall {wall_s:.1f} s, CPU {cpu_s:.1f} s, load {load:.1f} before and {os.getloadavg()[0]:.1f} after; "
          f"{counted.runs} plans, {counted.simulated_us / 60e6:.0f} simulated minutes after T+0; "
          f"{dict(card.credit_form)}", flush=True)  # fmt: skip
    return card.to_text()


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return used[0].ru_utime + used[0].ru_stime + used[1].ru_utime + used[1].ru_stime


def main() -> int:
    """Measure, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=len(MOVES))
    parser.add_argument("--plans", action="store_true", help="run no world")
    args = parser.parse_args()
    scenario = scenario_of()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        transcript = play(scenario, args.moves, folder)
        if args.plans:
            measured("plans only", transcript, scenario, every_move_matters)
            return 0
        cast = Cast.from_json(transcript.header["cast"])
        texts = [
            measured(what, transcript, scenario,
                     Resimulator(scenario=scenario, seed=SEED, cast=cast, cache=folder / "cache"))
            for what in ("afresh", "from the cache")
        ]  # fmt: skip
    print("equal bytes" if texts[0] == texts[1] else "DIFFERENT")
    return 0 if texts[0] == texts[1] else 1


if __name__ == "__main__":
    sys.exit(main())
