"""One headless run with its score, in this process or in a worker: what `run` does once for each seed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidentsim.cli.library import load
from incidentsim.cli.progress import Tell
from incidentsim.errors import UsageError
from incidentsim.policies.base import Line
from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import script_commands
from incidentsim.session.headless import run_policy, run_script
from incidentsim.session.judging import judge
from incidentsim.sweep.local import Processes
from incidentsim.sweep.play import result_of
from incidentsim.sweep.players import player_for, remembered
from incidentsim.transcript.recovery import read

SCHEMA = "incidentsim-run/1"
"""Name of the JSON shape of one run."""

WORKERS = 2
"""Processes for a range of seeds: a run takes one core, and the smallest machines have two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One run to make. Either `policy` or `script` (its text) is given. `out` keeps the transcript."""

    scenario: str
    scenarios: Path | None
    seed: int
    policy: str
    script: str
    out: Path | None
    cache: Path | None


def run_one(request: RunRequest, progress: Tell | None = None) -> dict[str, Any]:
    """Play one incident headless; return what came of it, its score included, as plain JSON values."""
    with _place(request.out) as path:
        _play(request, path)
        transcript = read(path)
        scenario = load(request.scenario, request.scenarios)
        card = judge(transcript, scenario, cache=request.cache, progress=progress)
        return {
            "schema": SCHEMA,
            "scenario": scenario.id,
            "seed": request.seed,
            "player": request.policy or "script",
            "transcript": str(request.out) if request.out else None,
            **result_of(transcript, scenario),
            "score": card.to_json(),
        }


def run_many(requests: list[RunRequest]) -> Iterator[dict[str, Any]]:
    """Yield results as they are finished, from worker processes; stopping early ends the workers."""
    with Processes(run_one, WORKERS) as pool:
        waiting = requests[::-1]
        for _ in requests:
            while waiting and pool.room():
                pool.submit(waiting.pop())
            yield from pool.finished()


def _play(request: RunRequest, path: Path) -> None:
    scenario = load(request.scenario, request.scenarios)
    cast = make_cast(scenario, request.seed)
    if request.script:
        lines = script_commands(request.script, cast)
        run_script(scenario, seed=request.seed, cast=cast, path=path, lines=lines)
        return
    memory = _memory(request, scenario) if request.policy == "memoriser" else ()
    player = player_for(request.policy, scenario, cast, memory=memory)
    run_policy(scenario, seed=request.seed, cast=cast, path=path, player=player)


def _memory(request: RunRequest, scenario: Scenario) -> tuple[Line, ...]:
    """Return what a memoriser knows of a sibling: how its parent was solved, in a session of the same seed."""
    if scenario.sibling_of is None:
        raise UsageError(f"{scenario.id} is no sibling, so nothing was memorised; write one with `scenario vary`")
    return remembered(load(scenario.sibling_of.scenario, request.scenarios), request.seed)


@contextmanager
def _place(out: Path | None) -> Iterator[Path]:
    """Give the path of the transcript: the wanted one, or one that goes away with the block."""
    if out is not None:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="incidentsim-") as folder:
        yield Path(folder) / "run.jsonl"
