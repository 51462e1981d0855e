"""What depends only on (scenario, seed): the run of doing nothing, and the best reference solution.

Called by `score`, and by certificates and sweeps that score many plays of one scenario and seed: they make it
once and hand it to each `score`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incidentsim.commands.parse import parse
from incidentsim.errors import CommandError, ScenarioError
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import script_commands
from incidentsim.scoring.burn import BurnCurve, burn_curve
from incidentsim.scoring.credit import Game, Runner, first_effective_of_reference
from incidentsim.scoring.moves import moves_of
from incidentsim.scoring.play import Issued, Names, world_verb
from incidentsim.scoring.protocol import Outcome, Resimulate
from incidentsim.specs.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference solution as commands at their times; `seq` is the place in its script, from 1."""

    name: str
    issued: tuple[Issued, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The scale of a score. Losses are in thousand-millionths of a bad request.

    `reference` is empty and its loss that of doing nothing when the scenario has none that saves anything.
    `t_ref_us` is the time of the reference's first effective move, `onset_us` the first burn above 1 of the
    world left alone; None when there is no such moment.
    """

    nothing: Outcome
    nothing_loss: int
    reference: str
    reference_loss: int
    onset_us: int | None
    t_ref_us: int | None

    def budget(self) -> int:
        """Return what the reference saves, B(nothing) − B(reference)."""
        return self.nothing_loss - self.reference_loss


def references_of(scenario: Scenario, cast: Cast, vocabulary: Vocabulary) -> tuple[Reference, ...]:
    """Return the scenario's reference solutions. Raises ScenarioError naming the script and the line."""
    out: list[Reference] = []
    for script in scenario.references:
        text = scenario.scripts.get(script.file)
        if text is None:
            raise ScenarioError(f"scenario {scenario.id}: reference {script.name!r} has no file {script.file}")
        issued: list[Issued] = []
        for number, line in enumerate(script_commands(text, cast), start=1):
            try:
                command = parse(line.command, vocabulary)
            except CommandError as wrong:
                raise ScenarioError(f"scenario {scenario.id}: {script.file}, command {number}: {wrong}") from wrong
            if world_verb(command.verb) and not command.dry_run:
                issued.append(Issued(t_us=line.t_us, seq=number, k=number, command=command, text=line.command))
        out.append(Reference(name=script.name, issued=tuple(issued)))
    return tuple(out)


def baseline(scenario: Scenario, resimulate: Resimulate, references: Sequence[Reference], names: Names) -> Baseline:
    """Run the world alone and every reference once; keep the best (the first of equals)."""
    first = Runner(scenario=scenario, resimulate=resimulate)
    nothing, *tried = first.run((), *[[i.timed() for i in r.issued] for r in references])
    runner = Runner(scenario=scenario, resimulate=resimulate, cost_of_nothing_microdollars=nothing.cost_microdollars)
    nothing_loss = runner.loss(nothing)
    best, best_outcome, best_loss = None, nothing, nothing_loss
    for reference, outcome in zip(references, tried, strict=True):
        if runner.loss(outcome) < best_loss:
            best, best_outcome, best_loss = reference, outcome, runner.loss(outcome)
    t_ref_us: int | None = None
    if best is not None:
        moves = moves_of(best.issued, (), scenario, names)
        helped = first_effective_of_reference(Game(
            players=tuple(range(len(moves))), moves=moves, commands=[i.timed() for i in best.issued],
            runner=runner, nothing=nothing, actual=best_outcome,
        ))  # fmt: skip
        t_ref_us = helped.t_us if helped else None
    curve: BurnCurve = burn_curve(nothing.series, scenario)
    return Baseline(
        nothing=nothing, nothing_loss=nothing_loss, reference=best.name if best else "",
        reference_loss=best_loss, onset_us=curve.onset_us(), t_ref_us=t_ref_us,
    )  # fmt: skip
