"""Runbooks measured on a small world: what they save, what they break, what they set off in a healthy one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from incidentsim.certify.runbooks import SCHEMA, measure
from incidentsim.policies.runbook_text import Runbook, read_runbook
from incidentsim.scenario.model import Scenario
from tests.session.fake_world import FakeWorld
from tests.session.stage import scenario

QUEUE = "max(inference_extension_flow_control_queue_size)"
HELPS = f"""# Queue
## Long queue
when: {QUEUE} > 20
let: fairness_id = topk(1, inference_extension_flow_control_queue_size)
do: limit $fairness_id tokens 300k
verify: {QUEUE} < 20 within 30s
"""
HURTS = f"# Queue\nwhen: {QUEUE} > 20\ndo: scale chat-pool 9\n"
NERVOUS = HELPS.replace(f"when: {QUEUE} > 20", f"when: {QUEUE} >= 0")


class Quiet(FakeWorld):
    """The small world, whose fault comes only where the scenario has a cause; with room for what comes."""

    def _beat(self, t_us: int) -> None:
        super()._beat(t_us)
        self.fault = self.fault and bool(self.scenario.root_causes)
        if not self.fault:
            self.queue = 0


def runbook(text: str) -> Runbook:
    """Read one of the texts above."""
    return read_runbook(text, name="queue.md")


def long_scenario() -> Scenario:
    """Return the small scenario with ten minutes, so that the queue can drain and two calm minutes fit in."""
    return scenario().model_copy(update={"duration": 600_000_000})


def test_a_good_runbook_saves_minutes_and_harm_and_leaves_the_healthy_alone() -> None:
    """The limit ends the queue: users are well for good, and no step is carried out without a fault."""
    verdict = measure(runbook(HELPS), long_scenario(), seeds=[1, 2], world_factory=Quiet)
    assert verdict.helps()
    assert verdict.false_triggers() == 0
    assert all(s.calm_without_min is None and s.calm_with_min is not None for s in verdict.seeds)
    assert all(s.minutes_saved > 1 and s.harm_avoided > 0.3 for s in verdict.seeds)
    (carried,) = verdict.seeds[0].steps
    assert [command.split()[0] for command in carried.commands] == ["limit"]
    assert carried.verified


def test_a_runbook_that_makes_it_worse_is_told_so() -> None:
    """One replica more costs money and still does not keep up: harm done, and it does not help."""
    verdict = measure(runbook(HURTS), long_scenario(), seeds=[1], world_factory=Quiet)
    assert verdict.harm_avoided() < 0
    assert not verdict.helps()


def test_a_nervous_runbook_is_caught_in_the_healthy_world() -> None:
    """It helps in the incident, but a condition that always holds acts on a healthy stack too."""
    verdict = measure(runbook(NERVOUS), long_scenario(), seeds=[1], world_factory=Quiet)
    assert verdict.harm_avoided() > 0
    assert verdict.false_triggers() == 1
    assert not verdict.helps()


def test_measuring_twice_gives_the_same_json() -> None:
    """The measurement is a function of runbook, scenario and seeds; progress is told per seed."""
    told: list[tuple[int, int]] = []
    texts = [
        json.dumps(
            measure(
                runbook(HELPS),
                long_scenario(),
                seeds=[3],
                world_factory=Quiet,
                progress=lambda d, n: told.append((d, n)),
            ).to_json()
        )
        for _ in range(2)
    ]
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["schema"] == SCHEMA
    assert told == [(0, 1), (1, 1)] * 2


def test_the_packaged_runbooks_can_be_read() -> None:
    """Every runbook that the benchmark follows is well formed, and each scenario has a good and a bad one."""
    folders = sorted((Path(__file__).parents[2] / "benchmarks" / "runbooks").iterdir())
    for folder in folders:
        assert {path.stem for path in folder.glob("*.md")} >= {"good", "bad"}
        for path in folder.glob("*.md"):
            assert read_runbook(path.read_text(encoding="utf-8"), name=path.name).steps


@pytest.mark.parametrize("arguments", [(), ("nowhere.md", "--scenario", "slow-chat")])
def test_the_verb_needs_a_file_and_a_scenario(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file or with one that isn't there it ends with 2 and says so."""
    from incidentsim.cli.main import main

    assert main(["runbook", "test", *arguments]) == 2
    assert capsys.readouterr().err
