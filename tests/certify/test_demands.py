"""Demands on the whole catalogue: the shipped one meets them, and they are read from scenarios."""

from __future__ import annotations

from incidentsim.certify.demands import DEMANDS, demanded, lying, promising, silent
from incidentsim.scenario.catalogue import folders
from incidentsim.scenario.load import load_scenario


def test_the_catalogue_meets_every_demand() -> None:
    """There are enough incidents without a technical cause, with lying telemetry, and with more at stake than speed."""
    known = {name: load_scenario(folder) for name, folder in folders(None).items()}
    for demand in DEMANDS:
        assert sum(demand.meets(scenario) for scenario in known.values()) >= demand.least, demand.title
    assert [row[0] for row in demanded(known)] == [demand.title for demand in DEMANDS]


def test_a_plain_incident_meets_none() -> None:
    """The first incident is a technical cause that a log tells, with honest metrics and nothing but speed at stake."""
    plain = load_scenario(folders(None)["turned-away"])
    assert not silent(plain) and not lying(plain) and not promising(plain)
