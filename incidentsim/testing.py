"""Helpers for authors of scenarios: run one headless with a list of commands, and ask what users felt.

    from incidentsim.testing import run_commands

    def test_the_limit_helps():
        alone = run_commands("scenarios/my-scenario", [])
        fixed = run_commands("scenarios/my-scenario", [("2m", "limit strategic tokens 400k")])
        assert fixed.bad("ttft") < alone.bad("ttft")

Names are the scenario's stable ids: no cast is drawn. Everything is deterministic, so exact numbers may be
asserted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from incidentsim.errors import UsageError
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.session.host import IncidentSession
from incidentsim.specs.knobs import parse_duration
from incidentsim.transcript.model import Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioRun:
    """What came of one run, counted from the start of the prelude to the end of the incident.

    `sli` maps (objective, tenant) to (requests offered, bad ones). `causes_present` tells of each root cause
    whether it is still there. `refused` are the lines that changed nothing, each with its reason.
    """

    sli: dict[tuple[str, str], tuple[int, int]]
    cost_microdollars: int
    causes_present: dict[str, bool]
    refused: tuple[str, ...]
    dyn_digest: str
    transcript: Transcript

    def offered(self, objective: str, tenant: str | None = None) -> int:
        """Return the requests offered, of one tenant or of all."""
        return sum(counts[0] for counts in self._of(objective, tenant))

    def bad(self, objective: str, tenant: str | None = None) -> int:
        """Return the bad requests, of one tenant or of all."""
        return sum(counts[1] for counts in self._of(objective, tenant))

    def _of(self, objective: str, tenant: str | None) -> list[tuple[int, int]]:
        found = [counts for (slo, owner), counts in self.sli.items() if slo == objective and tenant in (None, owner)]
        if not found:
            known = ", ".join(f"{slo}/{owner}" for slo, owner in self.sli)
            raise UsageError(f"there is no objective {objective!r} of {tenant or 'any tenant'}; known: {known}")
        return found


def run_commands(scenario: Scenario | Path | str, commands: Sequence[tuple[str, str]], *, seed: int = 1) -> ScenarioRun:
    """Run a scenario (or its folder) to its end, giving each (time after the page, line) at its time.

    Raises ScenarioError for a scenario that is not valid, UsageError for times that are none or that fall.
    """
    loaded = scenario if isinstance(scenario, Scenario) else load_scenario(Path(scenario))
    refused = []
    with tempfile.TemporaryDirectory(prefix="incidentsim-") as folder:
        path = Path(folder) / "run.jsonl"
        session = IncidentSession.create(loaded, seed=seed, cast=plain_cast(loaded), path=path)
        try:
            session.step(0)
            for t_us, line in _timed(commands):
                session.step(t_us)
                ack = session.submit(line)
                if not ack.accepted:
                    refused.append(f"{line}: {ack.text}")
            session.step(loaded.duration)
            world = session.world
            pairs = ((key.split("/", 1), counts) for key, counts in world.sli().items())
            return ScenarioRun(
                sli={(slo, tenant): (counts[0], counts[1]) for (slo, tenant), counts in pairs},
                cost_microdollars=world.cost_microdollars(),
                causes_present=world.root_causes_present(),
                refused=tuple(refused),
                dyn_digest=world.dyn_digest(),
                transcript=session.recorder.transcript(),
            )
        finally:
            session.close()


def _timed(commands: Sequence[tuple[str, str]]) -> list[tuple[int, str]]:
    timed: list[tuple[int, str]] = []
    for moment, line in commands:
        try:
            t_us = parse_duration(moment)
        except ValueError as wrong:
            raise UsageError(f"{line!r}: {wrong}") from wrong
        if timed and t_us < timed[-1][0]:
            raise UsageError(f"{line!r} at {moment} comes after a later command; put them in order")
        timed.append((t_us, line))
    return timed
