"""One transcript to its scorecard: re-simulates where this engine can.

Called by `score`, `run`, sweeps, line mode, reports and the home screen's debrief.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

from incidentsim.errors import DigestMismatch
from incidentsim.exact import Draws
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.naming import vocabulary
from incidentsim.scoring.effects import World
from incidentsim.scoring.score import score
from incidentsim.scoring.scorecard import Scorecard
from incidentsim.session.resimulation import WORKERS, Resimulator, resimulator
from incidentsim.session.resume import check_same
from incidentsim.specs.vocabulary import Vocabulary
from incidentsim.transcript.model import Transcript

SIBLINGS = 4
"""Sibling seeds of a deep score (scoring.md §1)."""


def judge(
    transcript: Transcript,
    scenario: Scenario,
    *,
    cache: Path | None = None,
    workers: int = WORKERS,
    progress: Callable[[int, int], None] | None = None,
    deep: bool = False,
) -> Scorecard:
    """Return the score of a transcript. Without a runnable world, without the parts that need one.

    `deep` averages over more orders of moves, and runs the same commands on sibling seeds for standard errors: from
    minutes to hours. Raises TranscriptError when the transcript is of another scenario, or of another version of it.
    """
    cast = Cast.from_json(transcript.header["cast"])
    names = shown_vocabulary(scenario, cast)
    if not _can_run(transcript, scenario):
        return score(transcript, scenario, None, vocabulary=names)
    seed = int(transcript.header["seed"])
    with ExitStack() as stack:

        def on(one: int) -> Resimulator:
            made = resimulator(scenario, one, cast, cache=cache, workers=workers, progress=progress)
            return stack.enter_context(made)

        siblings = [World(seed=one, resimulate=on(one)) for one in sibling_seeds(scenario, seed)] if deep else None
        return score(transcript, scenario, on(seed), vocabulary=names, siblings=siblings)


def sibling_seeds(scenario: Scenario, seed: int) -> tuple[int, ...]:
    """Return the seeds of the worlds that give a deep score its standard errors: SIBLINGS others, always the same."""
    draws = Draws(seed, scenario.id, "siblings")
    drawn = dict.fromkeys(draws.below(i, 1_000_000) for i in range(2 * SIBLINGS))
    return tuple(one for one in drawn if one != seed)[:SIBLINGS]


def shown_vocabulary(scenario: Scenario, cast: Cast) -> Vocabulary:
    """Return every name of a scenario as this cast shows it."""
    plain = vocabulary(scenario)
    return Vocabulary(
        components={cast.shown(name): kind for name, kind in plain.components.items()},
        tenants=tuple(cast.shown(name) for name in plain.tenants),
        pools=plain.pools,
        replicas=tuple(cast.shown(name) for name in plain.replicas),
        people=plain.people,
        metrics=plain.metrics,
        labels=plain.labels,
        changes=plain.changes,
        waivers=plain.waivers,
        alerts=plain.alerts,
        runbooks=plain.runbooks,
        services=plain.services,
        causes=tuple((cast.shown(component), fault) for component, fault in plain.causes),
    )


def _can_run(transcript: Transcript, scenario: Scenario) -> bool:
    """Say whether this engine gives the recorded bits. Raises TranscriptError for another scenario."""
    try:
        check_same(transcript.header, scenario)
    except DigestMismatch:
        return False
    return find_spec("simpy") is not None
