"""Prevention proven: the incident run again with an action item's control in place, and a healthy world with it.

Prevented = 1 − B(control) / B(nothing), over seeds, unattended (scoring.md §1, §4). The price of a control is what
it does where nothing is wrong: bad requests and money against the same healthy world without it. An alert rule
changes no request; what counts is how long before the page it fires, and whether it fires in a healthy world.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incidentsim.scenario.healthy import healthy_twin
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.loss import loss
from incidentsim.scoring.numbers import clip, exact_total, whole_total
from incidentsim.scoring.play import Names
from incidentsim.scoring.postmortem.controls import Controls, controls_of, with_controls
from incidentsim.scoring.postmortem.document import Item
from incidentsim.scoring.postmortem.protocol import Rehearse, Trial, TrialOutcome

MOST_MEASURED = 6
"""Action items whose controls are run: each costs two runs per seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a control does. None where it was not, or could not be, measured.

    `prevented`: share of B(nothing), mean over seeds, with the least and the greatest; negative when it harms.
    `healthy_bad`, `healthy_dollars`: more bad requests and dollars per run in a healthy world, mean. `lead_us`: how
    long before the page its alert fires, mean over the seeds where it fires; `fires`, `false_alarms`: seeds of the
    incident, and of the healthy world, in which it fires.
    """

    seeds: int
    prevented: float | None = None
    least: float | None = None
    greatest: float | None = None
    healthy_bad: float | None = None
    healthy_dollars: float | None = None
    lead_us: int | None = None
    fires: int | None = None
    false_alarms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prevention:
    """One action item. Without a control a person marks it; `problem` says why its control could not be tried."""

    line: int
    text: str
    controls: tuple[str, ...]
    problem: str = ""
    measure: Measure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preventions:
    """All action items. `share` is what all settings together prevent, in 0..1; None when nothing was measured."""

    items: tuple[Prevention, ...]
    together: Measure | None
    share: float | None


def preventions(
    items: Sequence[Item], scenario: Scenario, names: Names, rehearse: Rehearse | None, seeds: Sequence[int]
) -> Preventions:
    """Return what the action items' controls do. Without `rehearse` nothing is run."""
    read = [controls_of(item, scenario, names) for item in items]
    places = [i for i, c in enumerate(read) if c.settings or c.rules][:MOST_MEASURED]
    tried = [read[i] for i in places]
    setting = [c for c in tried if c.settings]
    sets = [(c,) for c in tried] + ([tuple(setting)] if len(setting) > 1 else [])
    measures: list[Measure] = []
    if rehearse is not None and sets:
        measures = _measured(sets, scenario, rehearse, seeds)
    by_place = dict(zip(places, measures, strict=False))
    out = tuple(
        Prevention(line=item.line, text=item.text, controls=c.shown(), problem=c.problem, measure=by_place.get(i))
        for i, (item, c) in enumerate(zip(items, read, strict=True))
    )
    together = measures[len(tried)] if len(measures) > len(tried) else None
    best = together or next((m for c, m in zip(tried, measures, strict=False) if c.settings), None)
    share = None if best is None or best.prevented is None else clip(best.prevented)
    return Preventions(items=out, together=together, share=share)


def _measured(
    sets: Sequence[tuple[Controls, ...]], scenario: Scenario, rehearse: Rehearse, seeds: Sequence[int]
) -> list[Measure]:
    """Run every set of controls, and none, in the incident and in the healthy world, over all seeds at once."""
    healthy = healthy_twin(scenario)
    trials: list[Trial] = []
    for controls in ((), *sets):
        watch = tuple(name for c in controls for name in c.alerts())
        for base in (scenario, healthy):
            world = with_controls(base, controls) if controls else base
            trials += [Trial(scenario=world, seed=seed, watch=watch) for seed in seeds]
    outcomes = rehearse(trials)
    n = len(seeds)
    blocks = [outcomes[i : i + n] for i in range(0, len(outcomes), n)]
    nothing, well = blocks[0], blocks[1]
    return [
        _measure(controls, scenario, nothing, well, blocks[2 + 2 * i], blocks[3 + 2 * i])
        for i, controls in enumerate(sets)
    ]


def _measure(
    controls: Sequence[Controls], scenario: Scenario, nothing: Sequence[TrialOutcome], well: Sequence[TrialOutcome],
    held: Sequence[TrialOutcome], held_well: Sequence[TrialOutcome],
) -> Measure:  # fmt: skip
    n = len(nothing)
    alerts = tuple(name for c in controls for name in c.alerts())
    fired = [
        min(t.fired_us[a] for a in alerts if a in t.fired_us) for t in held if any(a in t.fired_us for a in alerts)
    ]
    watching = {
        "lead_us": -(whole_total(fired) // len(fired)) if fired else None,
        "fires": len(fired),
        "false_alarms": whole_total(1 for t in held_well if t.fired_us),
    } if alerts else {}  # fmt: skip
    if not any(c.settings for c in controls):
        return Measure(seeds=n, **watching)
    shares = [_prevented(scenario, a, b) for a, b in zip(nothing, held, strict=True)]
    bad = whole_total(_bad(b) - _bad(a) for a, b in zip(well, held_well, strict=True))
    cost = whole_total(b.outcome.cost_microdollars - a.outcome.cost_microdollars
                       for a, b in zip(well, held_well, strict=True))  # fmt: skip
    return Measure(
        seeds=n, prevented=exact_total(shares) / n, least=min(shares), greatest=max(shares),
        healthy_bad=bad / n, healthy_dollars=cost / n / 1_000_000, **watching,
    )  # fmt: skip


def _prevented(scenario: Scenario, nothing: TrialOutcome, held: TrialOutcome) -> float:
    idle = nothing.outcome.cost_microdollars
    before = loss(nothing.outcome, scenario, cost_of_nothing_microdollars=idle)
    after = loss(held.outcome, scenario, cost_of_nothing_microdollars=idle)
    return (before - after) / before if before > 0 else 0.0


def _bad(trial: TrialOutcome) -> int:
    return whole_total(bad for _, (_, bad) in sorted(trial.outcome.sli.items()))
