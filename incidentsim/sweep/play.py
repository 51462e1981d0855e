"""One cell, played: what a worker process does, here or on another machine.

`result_of` is also what `incidentsim run` prints of a play.
"""

from __future__ import annotations

import tempfile
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.protocol import last_window_us
from incidentsim.session.headless import run_policy
from incidentsim.session.judging import judge
from incidentsim.sweep.cell import Finished, Task
from incidentsim.sweep.identity import this_engine
from incidentsim.sweep.players import player_for
from incidentsim.transcript import queries
from incidentsim.transcript.model import Transcript
from incidentsim.transcript.recovery import read


def run_cell(task: Task) -> Finished:
    """Play one cell, and score it where asked; an error of the cell is part of the answer."""
    engine = this_engine().digest
    try:
        return Finished(cell=task.cell, engine=engine, result=_played(task))
    except Exception as wrong:
        # whatever a scenario or player runs into is that cell's result: the others go on
        trace = traceback.format_exc()
        return Finished(cell=task.cell, engine=engine, error=f"{type(wrong).__name__}: {wrong}", trace=trace)


def result_of(transcript: Transcript, scenario: Scenario) -> dict[str, Any]:
    """Return what came of a play, as plain JSON values.

    Digests of behaviour, dynamics and telemetry at the end; commands that reached the world, and why others did
    not; requests offered and bad by `objective/tenant`, from the start of the prelude; cost in microdollars;
    whether each objective held at the end; how many records of each type there are.
    """
    last = queries.last_checkpoint(transcript)
    return {
        "behaviour_digest": queries.behaviour_digest(transcript),
        "dyn": last.dyn if last else "",
        "tel": last.tel if last else "",
        "commands": len(queries.commands(transcript)),
        "rejected": [r.body["reason"] for r in queries.of_type(transcript, "rejected")],
        "sli": last.sli if last else {},
        "cost_microdollars": last.cost_microdollars if last else 0,
        "objectives_met_last_10_min": objectives_met(transcript, scenario),
        "records": dict(sorted(Counter(record.type for record in transcript.records).items())),
    }


def objectives_met(transcript: Transcript, scenario: Scenario) -> dict[str, bool]:
    """Return, by objective, whether it held over the last ten minutes that were played (less in a short one)."""
    taken = queries.checkpoints(transcript)
    if not taken:
        return {}
    last = taken[-1]
    before = next((c for c in taken if c.t_us >= last.t_us - last_window_us(scenario.duration)), last)
    met = {}
    for slo in scenario.slos:
        offered = bad = 0
        for key, (offered_now, bad_now) in last.sli.items():
            if key.startswith(f"{slo.id}/"):
                offered += offered_now - before.sli[key][0]
                bad += bad_now - before.sli[key][1]
        met[slo.id] = bad * 1_000_000 <= (1_000_000 - slo.objective) * offered
    return met


def _played(task: Task) -> dict[str, Any]:
    scenario, seed = task.scenario, task.cell.seed
    cast = make_cast(scenario, seed)
    with tempfile.TemporaryDirectory(prefix="incidentsim-") as folder:
        path = Path(folder) / "run.jsonl"
        player = player_for(task.cell.player, scenario, cast)
        transcript = read(run_policy(scenario, seed=seed, cast=cast, path=path, player=player))
    result = result_of(transcript, scenario)
    if task.score:
        result["score"] = judge(transcript, scenario, cache=task.cache).to_json()
    return result
