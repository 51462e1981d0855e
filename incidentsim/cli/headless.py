"""One headless run with its score, in this process or in a worker: what `run` does once for each seed."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from incidentsim.cli.judge import judge
from incidentsim.cli.library import load
from incidentsim.cli.players import player_for, remembered
from incidentsim.cli.progress import Tell
from incidentsim.errors import UsageError
from incidentsim.policies.base import Line
from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import script_commands
from incidentsim.session.headless import run_policy, run_script
from incidentsim.transcript import queries
from incidentsim.transcript.model import Transcript
from incidentsim.transcript.recovery import read

SCHEMA = "incidentsim-run/1"
"""Name of the JSON shape of one run."""

LAST_WINDOW_US = 600_000_000
"""An objective counts as restored when it holds over the last ten minutes."""

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
    workers: int = 1


def run_one(request: RunRequest, progress: Tell | None = None) -> dict[str, Any]:
    """Play one incident headless; return what came of it, its score included, as plain JSON values."""
    with _place(request.out) as path:
        _play(request, path)
        transcript = read(path)
        scenario = load(request.scenario, request.scenarios)
        card = judge(transcript, scenario, cache=request.cache, workers=request.workers, progress=progress)
        last = queries.last_checkpoint(transcript)
        return {
            "schema": SCHEMA,
            "scenario": scenario.id,
            "seed": request.seed,
            "player": request.policy or "script",
            "transcript": str(request.out) if request.out else None,
            "behaviour_digest": queries.behaviour_digest(transcript),
            "commands": len(queries.commands(transcript)),
            "rejected": [r.body["reason"] for r in queries.of_type(transcript, "rejected")],
            "sli": last.sli if last else {},
            "objectives_met_last_10_min": objectives_met(transcript, scenario),
            "score": card.to_json(),
        }


def objectives_met(transcript: Transcript, scenario: Scenario) -> dict[str, bool]:
    """Return, by objective, whether it held over the last ten minutes that were played."""
    taken = queries.checkpoints(transcript)
    if not taken:
        return {}
    last = taken[-1]
    before = next((c for c in taken if c.t_us >= last.t_us - LAST_WINDOW_US), last)
    met = {}
    for slo in scenario.slos:
        offered = bad = 0
        for key, (offered_now, bad_now) in last.sli.items():
            if key.startswith(f"{slo.id}/"):
                offered += offered_now - before.sli[key][0]
                bad += bad_now - before.sli[key][1]
        met[slo.id] = bad * 1_000_000 <= (1_000_000 - slo.objective) * offered
    return met


def run_many(requests: list[RunRequest]) -> Iterator[dict[str, Any]]:
    """Yield results as they are finished, from worker processes; stopping early ends the workers."""
    context = get_context("spawn")
    with context.Pool(WORKERS, initializer=_leave_interrupts_to_parent) as pool:
        yield from pool.imap_unordered(run_one, requests)


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


def _leave_interrupts_to_parent() -> None:
    """Let ctrl+c end the parent, which then ends its workers: each would print a traceback otherwise."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
