"""Scoring's view of names agrees with the session's, on the scenario and the world that ship."""

from __future__ import annotations

from incidentsim.scenario.cast import make_cast
from incidentsim.session.judging import shown_vocabulary
from incidentsim.session.ports import real_world
from tests.world.worlds import packaged


def test_names_are_those_of_a_session() -> None:
    """Every name of the real world, under any cast, is one that scoring knows."""
    scenario = packaged()
    cast = make_cast(scenario, 11)
    ours, theirs = shown_vocabulary(scenario, cast), real_world(scenario, seed=11, cast=cast).vocabulary()
    assert set(ours.causes) == set(theirs.causes)
    assert ours.tenants == theirs.tenants
    assert ours.components == theirs.components
    assert set(ours.people) >= set(theirs.people)
    assert set(ours.replicas) >= set(theirs.replicas)
