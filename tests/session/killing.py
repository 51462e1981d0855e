"""Killing sessions at random moments: the machinery of the R1 test and of `benchmarks/kill.py`.

A child process plays a long script and prints every acknowledgement. The parent kills it with SIGKILL,
starts it again on the same record, and so on; at the end no acknowledged command may be missing, and the
digests must be those of a play that was never killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from incidentsim.exact import Draws
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.session.host import IncidentSession
from incidentsim.session.ports import WorldFactory, real_world
from incidentsim.session.replay import replay
from incidentsim.transcript import queries
from incidentsim.transcript.chain import verify
from incidentsim.transcript.recovery import read
from tests.session.fake_world import FakeWorld
from tests.session.stage import scenario as small_scenario

WORLD_VARIABLE = "INCIDENTSIM_KILL_WORLD"
"""Environment variable: `real` plays a shortened slow-chat on the real world, else the tests' small world."""

COMMANDS = 300
"""Commands in the script: enough that a kill lands anywhere between writing, acknowledging and applying."""

STEP_US = 370_000
"""Scenario time between two commands; not a multiple of the tick, so that ticks fall everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a series of kills came to."""

    kills: int
    acknowledged: int
    lost: int
    torn_lines: int
    chain_ok: bool
    same_digests: bool
    longest_resume_s: float


def scenario() -> Scenario:
    """Return what is played, by WORLD_VARIABLE."""
    if not _real():
        return small_scenario()
    whole = load_scenario(find("slow-chat"))
    return whole.model_copy(update={"prelude": 60_000_000, "duration": 120_000_000})


def factory() -> WorldFactory:
    """Return the world that goes with it."""
    return real_world if _real() else FakeWorld


def _real() -> bool:
    return os.environ.get(WORLD_VARIABLE) == "real"


def command_at(index: int) -> tuple[int, str]:
    """Return the time and the text of one command of the script."""
    texts = (
        "scale chat-pool {n}",
        "limit strategic tokens {n}00k",
        "restart chat-pool-0",
        'ask platform "what {n}?"',
    )
    return index * STEP_US, texts[index % len(texts)].format(n=index % 9 + 1)


def child(path: Path) -> None:
    """Play on from wherever the record is; print the number of each command as it is acknowledged."""
    if path.exists():
        session = IncidentSession.resume(path, scenario(), world_factory=factory())
        session.control("resume")
    else:
        what = scenario()
        session = IncidentSession.create(what, seed=7, cast=plain_cast(what), path=path, world_factory=factory())
    os.write(1, b"ready\n")
    session.step(0)
    asyncio.run(_play(session))


async def _play(session: IncidentSession) -> None:
    door = session.client("candidate")
    for index in range(len(queries.commands(session.recorder.transcript())), COMMANDS):
        t_us, text = command_at(index)
        await door.wait_until(t_us)
        ack = await door.submit(text)
        os.write(1, f"{ack.seq} {ack.t_us} {ack.k}\n".encode())
    session.step(session.scenario.duration)
    os.write(1, b"done\n")


def kill_often(folder: Path, kills: int, *, seed: int) -> Outcome:
    """Kill a play `kills` times, starting a fresh record when one gets to its end; let the last one end."""
    draws = Draws(seed, "kill", "moments")
    acknowledged = lost = torn = done_kills = plays = 0
    chain_ok = same = True
    longest = 0.0
    wanted = _uninterrupted(folder / "whole.jsonl")
    while done_kills < kills:
        path = folder / f"killed-{plays}.jsonl"
        plays += 1
        acks: list[str] = []
        finished = False
        while not finished:
            die = done_kills < kills
            lines, finished, started_s = _run(path, draws, done_kills if die else None)
            longest = max(longest, started_s)
            done_kills += 0 if finished else 1
            acks += lines
        records = read(path).records
        kept = {f"{r.seq} {r.t_us} {r.k}" for r in records if r.type == "accepted"}
        acknowledged += len(acks)
        lost += sum(1 for ack in acks if ack not in kept)
        torn += sum(1 for r in records if r.type == "recovered" and r.body["lost_tail_bytes"])
        chain_ok = chain_ok and verify(path.read_bytes()).ok
        same = same and _digests(path) == wanted
    return Outcome(
        kills=done_kills,
        acknowledged=acknowledged,
        lost=lost,
        torn_lines=torn,
        chain_ok=chain_ok,
        same_digests=same,
        longest_resume_s=longest,
    )


def _run(path: Path, draws: Draws, kill: int | None) -> tuple[list[str], bool, float]:
    """Run the child, killed at a moment drawn for `kill`; return acks, whether it ended, its start."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "tests.session.killing", str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    first = process.stdout.readline()
    ready_s = time.perf_counter() - started
    taken: list[bytes] = []
    if kill is not None:
        for _ in range(draws.below(2 * kill, 60)):
            taken.append(process.stdout.readline())
        until = time.perf_counter() + draws.u(2 * kill + 1) * 0.003
        while time.perf_counter() < until:
            pass  # the child goes on meanwhile: the kill lands anywhere in its work
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    taken += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    if first != b"ready\n" or (kill is None and process.returncode != 0):
        raise AssertionError(f"the child did not start or failed: {first!r}, exit {process.returncode}")
    lines = [line.decode().strip() for line in taken if line.endswith(b"\n")]
    return [line for line in lines if line != "done"], "done" in lines, ready_s


def _uninterrupted(path: Path) -> tuple[str, str, str]:
    what = scenario()
    session = IncidentSession.create(what, seed=7, cast=plain_cast(what), path=path, world_factory=factory())
    session.step(0)
    for index in range(COMMANDS):
        t_us, text = command_at(index)
        session.step(t_us)
        session.submit(text)
    session.step(what.duration)
    session.close()
    return _digests(path)


def _digests(path: Path) -> tuple[str, str, str]:
    result = replay(read(path), scenario(), world_factory=factory())
    assert result.same, result.first_divergence
    return result.behaviour_digest, result.dyn, result.tel


if __name__ == "__main__":
    child(Path(sys.argv[1]))
