"""Incidents for tests of postmortems: scenarios that ship, under a made-up cast, and a short record of each."""

from __future__ import annotations

from functools import cache

from incidentsim.scenario.cast import Cast, make_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.postmortem.causality import Causality, causality
from incidentsim.scoring.postmortem.concepts import concepts_of
from incidentsim.scoring.postmortem.document import read


@cache
def incident(name: str) -> tuple[Scenario, Cast]:
    """Return a scenario and the cast of its tests."""
    scenario = load_scenario(find(name))
    return scenario, make_cast(scenario, 23)


def judged(name: str, text: str) -> Causality:
    """Return the causal claims of a text with placeholders for the cast's names."""
    scenario, cast = incident(name)
    return causality(read(cast.render(text)).sentences, scenario, concepts_of(scenario, cast))
