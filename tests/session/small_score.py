"""A minute of the small world played with seven commands and scored: what tests in other processes print."""

from __future__ import annotations

import tempfile
from pathlib import Path

from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import TimedLine
from incidentsim.scoring.score import score
from incidentsim.scoring.scorecard import Scorecard
from incidentsim.session.headless import run_script
from incidentsim.session.judging import shown_vocabulary
from incidentsim.session.resimulation import Resimulator
from incidentsim.transcript.recovery import read
from tests.world.worlds import SECOND, small

SEED = 3

LINES = (
    (2, "set router.policy round_robin"), (6, "limit strategic tokens 90k"), (10, "silence TTFTBurnRateFast"),
    (14, "scale chat-pool 4"), (20, "restart chat-pool-1 --yes"), (26, "set gateway.admission tokens"),
    (32, "set gateway.admission tokens"), (36, "limit newsroom tokens 60k"),
)  # fmt: skip
"""Six moves that change the world, a silence, and a setting that is given again too soon to be a move."""


def incident() -> Scenario:
    """Return the small world under more load than it can take."""
    return small(rate=5_000, duration=50 * SECOND)


def small_score(*, workers: int = 2) -> Scorecard:
    """Play and score."""
    scenario = incident()
    cast = plain_cast(scenario)
    lines = [TimedLine(t_us=t * SECOND, command=text) for t, text in LINES]
    with tempfile.TemporaryDirectory() as folder:
        transcript = read(run_script(scenario, seed=SEED, cast=cast, path=Path(folder) / "p.jsonl", lines=lines))
    with Resimulator(scenario=scenario, seed=SEED, cast=cast, workers=workers) as resimulate:
        return score(transcript, scenario, resimulate, vocabulary=shown_vocabulary(scenario, cast))


if __name__ == "__main__":
    print(small_score().to_text())
