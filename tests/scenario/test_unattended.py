"""Whether incidents happen at all: the check behind `python -m benchmarks.unattended`, in short."""

from __future__ import annotations

from benchmarks.unattended import by_seed, summary
from incidentsim.certify.courses import clock, course, shares
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from tests.world.worlds import SCENARIOS

MINUTE_US = 60_000_000


def reviews() -> Scenario:
    """Return the first ten minutes of the incident whose trigger is over before the page."""
    return load_scenario(SCENARIOS / "reviews-never-arrive").model_copy(update={"duration": 10 * MINUTE_US})


def test_an_overload_outlives_its_trigger() -> None:
    """Left alone it hurts until the end, on a seed on which a smaller burst once died down; the prelude is healthy."""
    one = course(reviews(), 8)
    assert one.problems == ()
    assert one.missed == ("ttft", "availability")
    assert one.last["availability"] > 0.8
    assert one.hurt is not None and one.hurt >= -4 * MINUTE_US
    assert "1 of 1" in summary([one])[-1]
    assert "**" in by_seed([one])[-1]


def test_an_incident_that_does_not_happen_is_told() -> None:
    """Without the burst nobody is hurt and the page's alert is silent: both are named."""
    scenario = reviews()
    quiet = tuple(e for e in scenario.timeline if e.fault is None or e.fault.id != "train")
    one = course(scenario.model_copy(update={"timeline": quiet}), 8)
    assert one.missed == ()
    assert one.problems == (
        "no objective is missed over the last ten minutes",
        "AvailabilityBurnRateFast, which the page names, never fires",
    )


def test_shares_are_of_what_was_offered_between_two_readings() -> None:
    """Earlier requests don't count, and nothing offered is nothing bad."""
    assert shares({"ttft": [100, 50]}, {"ttft": [300, 60], "quality": [0, 0]}) == {"ttft": 0.05, "quality": 0.0}


def test_times_are_told_from_the_page() -> None:
    """Before the page they are negative."""
    assert [clock(t) for t in (-90_000_000, 0, 605_000_000, None)] == ["-1:30", "0:00", "10:05", "never"]
