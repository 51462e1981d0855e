"""Queueing theory as an oracle: Little's law in the world, known means with the kernel and keyed draws (F6)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from incidentsim.bench.queueing import (
    KnownQueue,
    engine_waits,
    exponential,
    interval_of,
    known_queues,
    station_waits,
)
from incidentsim.world.stack.clients.tenant import TenantState
from incidentsim.world.stack.edge.gateway import Gateway
from incidentsim.world.stack.edge.lane import Lane
from incidentsim.world.stack.engine.sequence import NEVER
from incidentsim.world.stack.engine.step_model import PRESETS, StepModel
from incidentsim.world.stack.requests import Attempt
from incidentsim.world.world import World
from tests.world.worlds import SECOND, Run, every, overridden, small, stack_of, with_client, with_fault

SAMPLE_US = 100_000
END_US = 240 * SECOND


@dataclass
class Stays:
    """When each attempt came, went to an engine, and was answered; and how many there were at each sample."""

    spans: dict[int, list[int]] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    queued: list[int] = field(default_factory=list)
    flying: list[int] = field(default_factory=list)


def test_littles_law_holds_for_the_queue_and_the_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mean number = arrival rate x mean stay within 1 %, sampled on one side and timed on the other."""
    stays = Stays()
    receive, answered, dispatch = Gateway.receive, TenantState.answered, Lane._send

    def watch_in(self: Gateway, attempt: Attempt) -> None:
        stays.attempts.append(attempt)
        stays.spans[id(attempt)] = [self._kernel.now, NEVER, NEVER]
        receive(self, attempt)

    def watch_dispatch(self: Lane, attempt: Attempt) -> bool:
        went = dispatch(self, attempt)
        if went:
            stays.spans[id(attempt)][1] = self._kernel.now
        return went

    def watch_out(self: TenantState, attempt: Attempt, code: int, final: bool) -> None:
        assert code == 200
        stays.spans[id(attempt)][2] = self._kernel.now
        answered(self, attempt, code, final)

    monkeypatch.setattr(Gateway, "receive", watch_in)
    monkeypatch.setattr(Lane, "_send", watch_dispatch)
    monkeypatch.setattr(TenantState, "answered", watch_out)

    def sample(world: World) -> None:
        gateway = stack_of(world).gateway
        stays.queued.append(gateway.queued)
        stays.flying.append(gateway.requests_in_flight)

    # from empty to empty, so that both sides count the same requests
    scenario = overridden(small(rate=3_000, duration=END_US), "gateway", max_inflight_requests=9, queue_timeout="120s")
    scenario = with_client(scenario, patience=120 * SECOND, deadline=120 * SECOND)
    for tenant in scenario.tenants:
        scenario = with_fault(scenario, "traffic_surge", f"tenant.{tenant.id}", 180 * SECOND, factor=0, lasts=0)
    probes = every(SAMPLE_US, END_US, sample, start_us=-20 * SECOND)
    Run(scenario=scenario, probes=probes).play()
    assert len(stays.attempts) > 1_500
    assert stays.queued[-1] == stays.flying[-1] == 0
    waited = sum(went - came for came, went, _ in stays.spans.values())
    served = sum(left - went for _, went, left in stays.spans.values())
    assert sum(stays.queued) * SAMPLE_US == pytest.approx(waited, rel=0.01)
    assert sum(stays.flying) * SAMPLE_US == pytest.approx(served, rel=0.01)
    assert waited > 0.02 * served, "the run queues enough to mean something"


@pytest.mark.parametrize("queue", known_queues(), ids=lambda queue: queue.name)
def test_known_queues(queue: KnownQueue) -> None:
    """Stations and an engine of one, fed with keyed draws, have the mean waits that theory gives."""
    interval = interval_of(queue)
    assert interval.holds(queue.expected_s), f"{interval} against {queue.expected_s:.4f}"
    assert interval.half < 0.1 * queue.expected_s, "the interval is narrow enough to mean something"


@pytest.mark.parametrize(
    ("name", "expected_s"),
    [("M/M/1", 1.5), ("M/M/2", 0.5625), ("M/D/1", 0.75), ("M/G/1", 1.5)],
)
def test_the_formulas_by_hand(name: str, expected_s: float) -> None:
    """Erlang C and Pollaczek-Khinchine give the textbook numbers for the queues that are run."""
    (queue,) = (queue for queue in known_queues() if queue.name == name)
    assert queue.expected_s == pytest.approx(expected_s)


@pytest.mark.parametrize("servers", [1, 3])
def test_littles_law_is_exact_at_a_station(servers: int) -> None:
    """A station's integral of waiting jobs equals the sum of their waits to the microsecond, and nobody is lost."""
    station, waits = station_waits(1, servers=servers, rate=0.8 * servers, service=exponential, count=2_000)
    assert station.queued_time_us == sum(waits) > 0
    assert (station.accepted, station.served, station.refused) == (2_000, 2_000, 0)


def test_an_engine_ends_empty() -> None:
    """After the last prompt the engine of one holds no block, no sequence and no queue."""
    engine, _ = engine_waits(1, StepModel(PRESETS["llama3_8b_a100_tp1"]), 0.1)
    assert (engine.used_blocks(), engine.running, engine.queued) == (0, 0, 0)
