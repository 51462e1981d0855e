"""One row of the catalogue as a case, and what is measured of it. Used by the table and by the tests.

A case is a world with a fault, commands that mitigate it and commands that are tempting and wrong. Nothing is
told to the world about which is which: losses come from what users got and what was paid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from incidentsim.commands.parse import parse
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.model import Scenario
from incidentsim.specs.knobs import parse_duration
from incidentsim.telemetry.logfilter import compile_filter
from incidentsim.telemetry.promql import PromQL
from incidentsim.world.world import World

Script = tuple[tuple[str, str], ...]
"""(time after T+0 such as `90s`, command line) in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """Something that a person would see: a PromQL expression that returns rows at `at`, or a log filter that matches.

    `at` is the time after T+0 in µs at which the expression is evaluated; a filter looks at all lines up to then.
    """

    text: str
    promql: str = ""
    logs: str = ""
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row: `sick` is the world with its fault, `well` the same world without it.

    `help_at_most`: the loss with the right move, as a share of the loss of doing nothing; `hurt_at_least`: that of
    the wrong one. Losses are counted above those of the well world. `extra`: a further case of a row, or one without
    a row, that everyday tests leave out.
    """

    row: int
    name: str
    sick: Callable[[], Scenario]
    well: Callable[[], Scenario]
    symptoms: tuple[Symptom, ...]
    right: Script
    wrong: Script
    wrong_is: str
    help_at_most: float = 0.75
    hurt_at_least: float = 0.97
    extra: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came of a case under one seed. Losses in bad requests of weight 1, dollars at the scenario's price.

    `answers` are those of the sick world, left alone, to further questions than the case's symptoms.
    """

    well: float
    nothing: float
    right: float
    wrong: float
    seen: dict[str, bool]
    seen_when_well: dict[str, bool]
    causes_left: tuple[str, ...]
    answers: dict[str, bool]

    def share(self, loss: float) -> float:
        """Return a loss above the well world's as a share of doing nothing."""
        return (loss - self.well) / max(self.nothing - self.well, 1e-9)

    def broken(self, case: Case) -> list[str]:
        """Return what the catalogue says of the case and this play does not show; empty when the row holds."""
        out = [f"not seen: {text}" for text, there in self.seen.items() if not there]
        if all(self.seen_when_well.values()):
            out.append("the well world shows the same signature")
        if self.nothing <= self.well:
            out.append("the fault harms nobody")
        if self.share(self.right) > case.help_at_most:
            out.append(f"the right move leaves {self.share(self.right):.0%} of the loss")
        if self.share(self.wrong) < case.hurt_at_least:
            out.append(f"the wrong move leaves only {self.share(self.wrong):.0%}")
        if self.causes_left:
            out.append(f"the right move leaves {', '.join(self.causes_left)} in place")
        return out


def play(scenario: Scenario, script: Script = (), *, seed: int = 1) -> World:
    """Return a world at the scenario's end after these commands."""
    world = World(scenario, seed=seed, cast=plain_cast(scenario))
    for number, (when, line) in enumerate(script, start=1):
        t_us = parse_duration(when)
        world.advance(t_us - 1)
        command = world.resolve(parse(line, world.vocabulary()))
        world.check(command)
        world.submit(command, t_us=t_us, k=0, ref=number)
    world.advance(scenario.duration)
    return world


@lru_cache(maxsize=2)
def untouched(made: Callable[[], Scenario], seed: int) -> World:
    """Return this world at its end, nobody having done anything. The last two are kept: a family shares worlds."""
    return play(made(), seed=seed)


def loss(world: World, scenario: Scenario) -> float:
    """Return weighted bad requests plus what was paid, at the scenario's price of a dollar."""
    weights = {slo.id: slo.weight / 1000 for slo in scenario.slos}
    bad = 0.0
    for key, (_, count) in world.sli().items():
        bad += weights[key.partition("/")[0]] * count
    return bad + scenario.loss.per_dollar / 1000 * world.cost_microdollars() / 1e6


def seen(world: World, symptoms: tuple[Symptom, ...]) -> dict[str, bool]:
    """Return of each symptom whether the world's reported signals show it."""
    engine = PromQL()
    out: dict[str, bool] = {}
    for symptom in symptoms:
        if symptom.promql:
            out[symptom.text] = bool(engine.vector(world.metrics, symptom.promql, symptom.at_us))
        else:
            chosen = compile_filter(symptom.logs)
            found = world.logs.select(chosen, limit=100_000).records
            out[symptom.text] = any(r.t_us <= symptom.at_us for r in found)
    return out


def measure(case: Case, *, seed: int = 1, also: tuple[Symptom, ...] = ()) -> Measured:
    """Play a case four ways: well, sick, sick with the right and with the wrong moves; ask `also` of the sick one."""
    sick, well = case.sick(), case.well()
    healthy, nothing = untouched(case.well, seed), untouched(case.sick, seed)
    right = play(sick, case.right, seed=seed)
    return Measured(
        well=loss(healthy, well),
        nothing=loss(nothing, sick),
        right=loss(right, sick),
        wrong=loss(play(sick, case.wrong, seed=seed), sick),
        seen=seen(nothing, case.symptoms),
        seen_when_well=seen(healthy, case.symptoms),
        causes_left=tuple(cause for cause, there in right.root_causes_present().items() if there),
        answers=seen(nothing, also),
    )
