"""Runs made once: a memory of outcomes around a re-simulator.

Used by `score` for all that it asks of one world, so that parts of the score ask for what they need and equal plans
are one run, whoever makes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from incidentsim.exact import canonical_json
from incidentsim.scoring.protocol import Outcome, Plan, Resimulate


@dataclass(slots=True, kw_only=True)
class Remembered:
    """A `Resimulate` that never asks for a plan twice."""

    resimulate: Resimulate
    _known: dict[str, Outcome] = field(default_factory=dict, repr=False)

    def __call__(self, plans: Sequence[Plan], /) -> Sequence[Outcome]:
        """Return one outcome per plan, in order."""
        keys = [_key(plan) for plan in plans]
        new = {key: plan for key, plan in zip(keys, plans, strict=True) if key not in self._known}
        if new:
            self._known.update(zip(new, self.resimulate(list(new.values())), strict=True))
        return [self._known[key] for key in keys]


def _key(plan: Plan) -> str:
    commands = [[c.t_us, c.k, c.command.verb, dict(c.command.args)] for c in plan.commands]
    return canonical_json([commands, plan.end_us, plan.run_on_us])
