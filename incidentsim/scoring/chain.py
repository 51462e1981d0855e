"""The causal chain beside what was done when, and the evidence that carried the diagnosis.

Called by `score`; shown, not weighted. Places come from the scenario, in causal order: the change that let a root
cause in, the root cause, the components it went through, users. What counts as a look at a place is what counts as
evidence (`evidence.items_of_look`): an inspected component, its logs, an opened change, a signal listed for a cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import RootCause, Scenario
from incidentsim.scoring.diagnosis import is_right
from incidentsim.scoring.evidence import USERS_SIDE, Evidence, canonical, items_of_look
from incidentsim.scoring.moves import Move, taken_back_by
from incidentsim.scoring.play import Belief, Moment, Names, Play
from incidentsim.scoring.postmortem.concepts import HARMED
from incidentsim.scoring.scorecard import CarryingItem, ChainStep

Part = Literal["trigger", "root", "propagation", "impact"]

WAIVED = "waiver_without_expiry"
"""The fault that a waiver is itself; it comes with no other change."""

_ORDER: tuple[Part, ...] = ("trigger", "root", "propagation", "impact")


def chain_of(
    play: Play, moves: Sequence[Move], credited: Sequence[Move], evidence: Evidence, scenario: Scenario, cast: Cast,
    names: Names,
) -> tuple[ChainStep, ...]:  # fmt: skip
    """Return the places of the causal chain, each with the first look at it and the first act on it.

    Acts on users are those that helped (`credited`), whatever they touched. A question to a team-mate is an act where
    it helped: what they set in motion was asked for.
    """
    steps: list[ChainStep] = []
    acts = [m for m in moves if m.act or m in credited]

    def step(part: Part, place: str, items: Sequence[str], act: Iterable[Move]) -> None:
        first_act = next(iter(act), None)
        look = _first_look(items, play, evidence, names)
        steps.append(
            ChainStep(
                part=part, place=place,
                looked_us=look.t_us if look else None, looked_seq=look.seq if look else None,
                acted_us=first_act.t_us if first_act else None, acted_seq=first_act.seq if first_act else None,
            )
        )  # fmt: skip

    for change in dict.fromkeys(one for root in scenario.root_causes for one in _brought_by(scenario, root)):
        on_it = (m for m in acts if change in (m.target, *taken_back_by(m, scenario)))
        step("trigger", change, [f"change:{change}"], on_it)
    roots = [root.component for root in scenario.root_causes]
    for root in scenario.root_causes:
        listed = [canonical(item) for wanted in root.evidence for item in wanted]
        touching = (m for m in acts if root.component in m.touched)
        step("root", f"{cast.shown(root.component)} {root.fault}", [*_about(root.component), *listed], touching)
    for place in _between(scenario):
        if place not in roots:
            step("propagation", cast.shown(place), _about(place), (m for m in acts if place in m.touched))
    step("impact", "users", [f"metric:{name}" for name in USERS_SIDE], credited)
    steps.sort(key=lambda s: _ORDER.index(s.part))
    return tuple(steps)


def carrying_of(play: Play, evidence: Evidence, scenario: Scenario) -> tuple[CarryingItem, ...]:
    """Return what was seen of the evidence for each right cause before it was last committed, in the order seen."""
    out: list[CarryingItem] = []
    for root in scenario.root_causes:
        said = [b for b in play.beliefs if b.committed and is_right(b.cause, root)]
        if said:
            out += _carrying(root, said[-1], evidence)
    return tuple(out)


def _carrying(root: RootCause, said: Belief, evidence: Evidence) -> list[CarryingItem]:
    wanted = {canonical(item) for items in root.evidence for item in items}
    first: dict[str, CarryingItem] = {}
    for s in evidence.sightings:
        if s.item in wanted and s.explicit and s.seq < said.seq and s.item not in first:
            complete = any(
                {canonical(i) for i in items} <= {*first, s.item} and s.item in map(canonical, items)
                for items in root.evidence
            )
            first[s.item] = CarryingItem(
                cause=root.id, item=s.item, t_us=s.t_us, seq=s.seq, completes=complete, named_seq=said.seq
            )  # fmt: skip
    return list(first.values())


def _brought_by(scenario: Scenario, root: RootCause) -> list[str]:
    """Return the ids of the changes that let a root cause in: those its fault came with, and a waiver that is it."""
    wanted = [e.fault.with_change for e in scenario.timeline
              if e.fault and (e.fault.component, e.fault.kind) == (root.component, root.fault)]  # fmt: skip
    changes = [e.change for e in scenario.timeline if e.change]
    return [c.id for c in changes if c.id in wanted or (c.waiver and root.fault == WAIVED)]


def _between(scenario: Scenario) -> list[str]:
    """Return the components that the chains go through, in order; a chain that ends at a tenant ends in harm."""
    starts = {start for root in scenario.root_causes for start, _ in root.chain}
    out: dict[str, None] = {}
    for root in scenario.root_causes:
        for start, end in root.chain:
            for node in (start, end):
                if node in starts or not node.startswith(HARMED):
                    out[node.partition(":")[0]] = None
    return list(out)


def _about(component: str) -> tuple[str, ...]:
    return (f"inspect:{component}", f"logs:{component}")


def _first_look(items: Sequence[str], play: Play, evidence: Evidence, names: Names) -> Moment | None:
    """Return the first moment at which one of these items was looked at, or learned from an answer."""
    wanted = frozenset(items)
    found: list[Moment] = [look for look in play.looks if not wanted.isdisjoint(items_of_look(look, names))]
    found += [s for s in evidence.sightings if s.explicit and s.item in wanted]
    return min(found, key=lambda moment: moment.seq, default=None)
