"""Alert rules that a person changes, and rules about data that is missing."""

from __future__ import annotations

from typing import Any

import pytest

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.events import AlertCleared, AlertFired
from incidentsim.scenario.model import Scenario
from tests.world.conftest import Twice
from tests.world.worlds import SECOND, Played, Run, quiet, small, with_fault

BUSY = "sum(rate(gateway_requests_total[30s])) > {}"


def ruled(scenario: Scenario, *rules: dict[str, Any]) -> Scenario:
    """Return the scenario with these rules and no others."""
    groups = {"groups": [{"name": "g", "interval": "5s", "rules": list(rules)}]}
    stack = scenario.stack.model_copy(update={"alert_rules": groups})
    return scenario.model_copy(update={"stack": stack})


def busy(threshold: str = "1000", **more: str) -> dict[str, Any]:
    """Return a rule on the request rate."""
    return {"alert": "Busy", "expr": BUSY.format(threshold), "labels": {"severity": "page"}, **more}


def fired(played: Played) -> list[int]:
    """Return when alerts fired, in µs."""
    return [f.t_us for f in played.facts if isinstance(f, AlertFired)]


def cleared(played: Played) -> list[int]:
    """Return when alerts cleared, in µs."""
    return [f.t_us for f in played.facts if isinstance(f, AlertCleared)]


def test_a_lowered_threshold_fires_after_the_reload(world_twice: Twice) -> None:
    """The rule compares with the new number five seconds later; its inverse has the old one."""
    played = world_twice(Run(scenario=ruled(small(), busy()), script=((5 * SECOND, "alert set Busy 0.5"),)))
    assert [10 * SECOND <= t <= 25 * SECOND for t in fired(played)] == [True]
    assert [a.expr for a in played.world.alerts] == [BUSY.format("0.5")]
    inverse = played.world.inverse(Command(verb="alert"), 1)
    assert inverse.args == {"action": "set", "alert": "Busy", "setting": "1000"}
    assert any("alert rule Busy: 1000 -> 0.5" in change.summary for change in played.world.changes())


def test_a_raised_threshold_clears(world_twice: Twice) -> None:
    """An alert that fires stops when its number is raised beyond what is so."""
    played = world_twice(Run(scenario=ruled(small(), busy("0.5")), script=((20 * SECOND, "alert set Busy 500"),)))
    assert len(fired(played)) == 1
    assert [t >= 25 * SECOND for t in cleared(played)] == [True]


def test_for_delays_the_next_firing(world_twice: Twice) -> None:
    """A longer `for` holds an alert back that would fire at once."""
    at_once = world_twice(Run(scenario=ruled(small(), busy("0.5"))))
    later = world_twice(Run(scenario=ruled(small(), busy("0.5")), script=((0, "alert set Busy for=5m"),)))
    assert len(fired(at_once)) == 1
    assert fired(at_once)[0] < 0
    assert fired(later) == fired(at_once), "it fired before the change, and goes on"
    slow = ruled(small(), busy("0.5", **{"for": "25s"}))
    shortened = world_twice(Run(scenario=slow, script=((SECOND, "alert set Busy for=0s"),)))
    assert fired(shortened)[0] <= fired(world_twice(Run(scenario=slow)))[0]


@pytest.mark.parametrize("expr", ["absent(up)", "up == 0 and up < 1", "up > bool 0 or up > 2", "up", "(up > 2)"])
def test_rules_without_one_threshold_say_so(expr: str) -> None:
    """Where there is no single number to compare with, the command is refused and nothing changes."""
    world = Run(scenario=ruled(quiet(duration=0), {"alert": "Odd", "expr": expr})).play().world
    with pytest.raises(CommandError, match="does not compare with one number"):
        world.check(Command(verb="alert", args={"action": "set", "alert": "Odd", "setting": "1"}))
    world.check(Command(verb="alert", args={"action": "set", "alert": "Odd", "setting": "for=1m"}))


def test_missing_data_can_be_alerted_on(world_twice: Twice) -> None:
    """`absent` fires when a target's series end, and clears when they are back."""
    rule = {"alert": "NoData", "expr": 'absent(DCGM_FI_DEV_GPU_UTIL{Hostname="node-1"})'}
    sick = with_fault(ruled(quiet(), rule), "target_lost", "observability", 10 * SECOND, target="dcgm/node-1",
                      how="gone", ramp=0, lasts=20 * SECOND)  # fmt: skip
    played = world_twice(Run(scenario=sick))
    assert [10 * SECOND <= t <= 30 * SECOND for t in fired(played)] == [True]
    assert [t > 30 * SECOND for t in cleared(played)] == [True]
