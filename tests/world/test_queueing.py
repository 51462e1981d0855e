"""Queueing theory as an oracle: Little's law in the world, known means with the kernel and keyed draws (F6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt

import pytest

from incidentsim.exact import Draws
from incidentsim.world.kernel import NORMAL, Call, Kernel
from incidentsim.world.stack.gateway import Gateway
from incidentsim.world.stack.replica import Replica
from incidentsim.world.stack.requests import Attempt
from incidentsim.world.stack.sequence import NEVER, Sequence
from incidentsim.world.stack.station import Station
from incidentsim.world.stack.step_model import PRESETS, StepModel
from incidentsim.world.stack.tenant import TenantState
from incidentsim.world.world import World
from tests.world.worlds import SECOND, Run, every, overridden, small, stack_of, with_client, with_fault

SAMPLE_US = 100_000
END_US = 240 * SECOND

REPLICATIONS = 24
CUSTOMERS = 5_000
T_QUANTILE = 2.807
"""99.5 % quantile of Student's t with 23 degrees of freedom: a two-sided 99 % interval."""


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
    receive, answered, dispatch = Gateway.receive, TenantState.answered, Gateway._dispatch_one

    def watch_in(self: Gateway, attempt: Attempt) -> None:
        stays.attempts.append(attempt)
        stays.spans[id(attempt)] = [self._kernel.now, NEVER, NEVER]
        receive(self, attempt)

    def watch_dispatch(self: Gateway, attempt: Attempt) -> bool:
        went = dispatch(self, attempt)
        if went:
            stays.spans[id(attempt)][1] = self._kernel.now
        return went

    def watch_out(self: TenantState, attempt: Attempt, code: int, final: bool) -> None:
        assert code == 200
        stays.spans[id(attempt)][2] = self._kernel.now
        answered(self, attempt, code, final)

    monkeypatch.setattr(Gateway, "receive", watch_in)
    monkeypatch.setattr(Gateway, "_dispatch_one", watch_dispatch)
    monkeypatch.setattr(TenantState, "answered", watch_out)

    def sample(world: World) -> None:
        gateway = stack_of(world).gateway
        stays.queued.append(gateway.flow.total)
        stays.flying.append(gateway.requests_in_flight)

    # from empty to empty, so that both sides count the same requests
    scenario = overridden(
        small(rate=3_000, duration=END_US), "gateway", max_inflight_requests=9, queue_timeout="120s"
    )
    scenario = with_client(scenario, patience=120 * SECOND, deadline=120 * SECOND)
    for tenant in scenario.tenants:
        scenario = with_fault(
            scenario, "traffic_surge", f"tenant.{tenant.id}", 180 * SECOND, factor=0, lasts=0
        )
    probes = every(SAMPLE_US, END_US, sample, start_us=-20 * SECOND)
    Run(scenario=scenario, probes=probes).play()
    assert len(stays.attempts) > 1_500
    assert stays.queued[-1] == stays.flying[-1] == 0
    waited = sum(went - came for came, went, _ in stays.spans.values())
    served = sum(left - went for _, went, left in stays.spans.values())
    assert sum(stays.queued) * SAMPLE_US == pytest.approx(waited, rel=0.01)
    assert sum(stays.flying) * SAMPLE_US == pytest.approx(served, rel=0.01)
    assert waited > 0.02 * served, "the run queues enough to mean something"


def station_wait(
    seed: int, *, servers: int, rate: float, service: Callable[[Draws, int], float], count: int
) -> float:
    """Return the mean wait in seconds of customers after a warm-up, at a station with Poisson arrivals.

    Asserts on the way that nobody is lost and that Little's law holds exactly for the queue and the servers.
    """
    kernel = Kernel(0)
    gaps, services = Draws(seed, "station", "gap"), Draws(seed, "station", "service")
    station = Station(kernel, servers, queue_limit=count)
    stays: list[tuple[int, int]] = []

    def arrive(call: Call) -> None:
        number: int = call.argument
        service_us = int(service(services, number) * SECOND)
        came = kernel.now

        def done(_: int, now: int) -> None:
            stays.append((number, now - came - service_us))
            served.append(service_us)

        assert station.submit(number, service_us, done)
        if number + 1 < count:
            kernel.after(int(gaps.exponential(number + 1) * SECOND / rate), arrive, number + 1, NORMAL)

    served: list[int] = []
    kernel.after(0, arrive, 0)
    kernel.advance(10 * count * SECOND)
    assert (station.accepted, station.served, station.refused) == (count, count, 0)
    assert (station.queued_time_us, station.busy_time_us) == (sum(wait for _, wait in stays), sum(served))
    measured = [wait for number, wait in stays if number >= count // 5]
    return sum(measured) / len(measured) / SECOND


def inside_99(means: list[float], expected: float) -> None:
    """Assert that the expected mean lies in the 99 % interval of independent means."""
    mean = sum(means) / len(means)
    spread = sqrt(sum((m - mean) ** 2 for m in means) / (len(means) - 1))
    half = T_QUANTILE * spread / sqrt(len(means))
    assert abs(mean - expected) < half, f"{mean:.4f} ± {half:.4f} against {expected:.4f}"
    assert half < 0.1 * expected, "the interval is narrow enough to mean something"


def exponential(draws: Draws, number: int) -> float:
    """Draw a service time of mean 1 s."""
    return draws.exponential(number)


def constant(_: Draws, __: int) -> float:
    """Return a service time of 1 s."""
    return 1.0


def two_kinds(draws: Draws, number: int) -> float:
    """Draw a service time of 0.5 s, or for one customer in five of 3 s: mean 1 s, mean square 2 s²."""
    return 3.0 if draws.below(number, 5) == 0 else 0.5


def erlang_c_wait(servers: int, offered: float) -> float:
    """Return the mean wait of M/M/c in mean service times, for `offered` erlangs (Erlang 1917)."""
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = offered * blocked / (n + offered * blocked)
    rho = offered / servers
    return blocked / (1 - rho * (1 - blocked)) / (servers - offered)


@pytest.mark.parametrize(
    ("servers", "rate", "service", "expected"),
    [
        pytest.param(1, 0.6, exponential, 1.5, id="M/M/1: rho/(1-rho)"),
        pytest.param(1, 0.6, constant, 0.75, id="M/D/1: rho/(2(1-rho))"),
        pytest.param(1, 0.6, two_kinds, 1.5, id="M/G/1: Pollaczek-Khinchine, rate E[S²]/(2(1-rho))"),
        pytest.param(2, 1.2, exponential, 0.5625, id="M/M/2: Erlang C"),
        pytest.param(4, 2.8, exponential, erlang_c_wait(4, 2.8), id="M/M/4: Erlang C"),
    ],
)
def test_known_queues(
    servers: int, rate: float, service: Callable[[Draws, int], float], expected: float
) -> None:
    """Stations built on the kernel and keyed draws have the mean waits that theory gives, at 60 to 70 % load."""
    means = [
        station_wait(seed, servers=servers, rate=rate, service=service, count=CUSTOMERS)
        for seed in range(REPLICATIONS)
    ]
    inside_99(means, expected)


PROMPT = 512
"""Tokens of every prompt in the engine of one."""


def engine_wait(seed: int, model: StepModel, gap_s: float) -> float:
    """Return the mean wait in seconds for admission to an engine that takes one prompt at a time."""
    kernel = Kernel(0)
    gaps = Draws(seed, "engine", "gap")
    engine = Replica(
        kernel, model, blocks=1_000, max_num_seqs=1, budget=PROMPT, on_first=_ignore, on_finish=_ignore
    )  # fmt: skip

    def submit(call: Call) -> None:
        engine.submit(call.argument)

    sequences, t = [], 0.0
    for i in range(CUSTOMERS):
        t += gaps.exponential(i) * gap_s
        sequences.append(Sequence(i, int(t * SECOND), PROMPT, 1))
        kernel.at(sequences[i].arrived_us, submit, sequences[i])
    kernel.advance(int(t * SECOND) + 60 * SECOND)
    assert (engine.used_blocks(), engine.running, engine.queued) == (0, 0, 0)
    measured = sequences[CUSTOMERS // 5 :]
    return sum(q.admitted_us - q.arrived_us for q in measured) / len(measured) / SECOND


def _ignore(_sequence: Sequence, _now: int) -> None:
    """The times are in the sequence."""


def test_an_engine_of_one_is_an_m_d_1_queue() -> None:
    """An engine that takes one prompt at a time, all alike, makes Poisson arrivals wait as M/D/1 says."""
    model = StepModel(PRESETS["llama3_8b_a100_tp1"])
    service_s = (model.base_ps(0, PROMPT) + model.e * PROMPT * PROMPT) / 1e12
    load = 0.7
    means = [engine_wait(seed, model, service_s / load) for seed in range(REPLICATIONS)]
    inside_99(means, load * service_s / (2 * (1 - load)))
