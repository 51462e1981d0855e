"""Known queues as an oracle: stations and engines on the kernel against the formulas of queueing theory (F6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

from incidentsim.exact import Draws
from incidentsim.world.call import Call
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.engine.replica import Replica
from incidentsim.world.stack.engine.sequence import Sequence
from incidentsim.world.stack.engine.step_model import PRESETS, StepModel
from incidentsim.world.stack.stages.station import Station

SECOND = 1_000_000

REPLICATIONS = 24
"""Independent runs of each queue."""

T_QUANTILE = 2.807
"""99.5 % quantile of Student's t with 23 degrees of freedom: a two-sided 99 % interval of 24 runs."""

CUSTOMERS = 5_000
"""Customers of one run; the first fifth is warm-up."""

ENGINE_LOAD = 0.7

PROMPT = 512
"""Tokens of every prompt in the engine of one."""

Service = Callable[[Draws, int], float]
"""Draws a service time in seconds; all have mean 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownQueue:
    """A queue whose mean wait in seconds a formula gives."""

    name: str
    expected_s: float
    mean_wait_s: Callable[[int], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """The 99 % interval of a mean from independent runs."""

    mean: float
    half: float

    def holds(self, expected: float) -> bool:
        """Whether the expected mean lies inside."""
        return abs(self.mean - expected) < self.half


def interval_of(queue: KnownQueue) -> Interval:
    """Run a queue REPLICATIONS times, seeds 0 and up; return the interval of its mean wait."""
    means = [queue.mean_wait_s(seed) for seed in range(REPLICATIONS)]
    mean = sum(means) / len(means)
    spread = sqrt(sum((m - mean) ** 2 for m in means) / (len(means) - 1))
    return Interval(mean=mean, half=T_QUANTILE * spread / sqrt(len(means)))


def known_queues() -> tuple[KnownQueue, ...]:
    """Return the queues, at 60 to 70 % load."""
    return (
        _station("M/M/1", 1, 0.6, exponential, 0.6 / (1 - 0.6)),
        _station("M/M/2", 2, 1.2, exponential, erlang_c_wait(2, 1.2)),
        _station("M/M/4", 4, 2.8, exponential, erlang_c_wait(4, 2.8)),
        _station("M/D/1", 1, 0.6, constant, pollaczek_khinchine(0.6, 1.0)),
        _station("M/G/1", 1, 0.6, two_kinds, pollaczek_khinchine(0.6, 2.0)),
        _engine_of_one(),
    )


def erlang_c_wait(servers: int, offered: float) -> float:
    """Return the mean wait of M/M/c in mean service times, for `offered` erlangs (Erlang 1917)."""
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = offered * blocked / (n + offered * blocked)
    rho = offered / servers
    return blocked / (1 - rho * (1 - blocked)) / (servers - offered)


def pollaczek_khinchine(rate: float, mean_square: float) -> float:
    """Return the mean wait of M/G/1 with a mean service of 1 and the given mean square of it."""
    return rate * mean_square / (2 * (1 - rate))


def exponential(draws: Draws, number: int) -> float:
    """Draw a service time of mean 1 s, mean square 2 s²."""
    return draws.exponential(number)


def constant(_draws: Draws, _number: int) -> float:
    """Return a service time of 1 s."""
    return 1.0


def two_kinds(draws: Draws, number: int) -> float:
    """Draw 0.5 s, or for one customer in five 3 s: mean 1 s, mean square 2 s²."""
    return 3.0 if draws.below(number, 5) == 0 else 0.5


def station_waits(seed: int, *, servers: int, rate: float, service: Service, count: int) -> tuple[Station, list[int]]:
    """Run a station with Poisson arrivals until `count` customers are served; return it and their waits in µs."""
    kernel = Kernel(0)
    gaps, services = Draws(seed, "station", "gap"), Draws(seed, "station", "service")
    station = Station(kernel, servers, queue_limit=count)
    waits = [0] * count

    def arrive(call: Call) -> None:
        number: int = call.argument
        service_us = int(service(services, number) * SECOND)
        came = kernel.now

        def done(customer: int, now: int) -> None:
            waits[customer] = now - came - service_us

        station.submit(number, service_us, done)
        if number + 1 < count:
            kernel.after(int(gaps.exponential(number + 1) * SECOND / rate), arrive, number + 1)

    kernel.after(0, arrive, 0)
    while station.served < count:
        kernel.advance(kernel.now + count * SECOND)
    return station, waits


def engine_waits(seed: int, model: StepModel, gap_s: float) -> tuple[Replica, list[int]]:
    """Run an engine that takes one prompt at a time, all alike; return it and the waits for admission in µs."""
    kernel = Kernel(0)
    gaps = Draws(seed, "engine", "gap")
    engine = Replica(kernel, model, blocks=1_000, max_num_seqs=1, budget=PROMPT, on_first=_ignore, on_finish=_ignore)

    def submit(call: Call) -> None:
        engine.submit(call.argument)

    sequences, t = [], 0.0
    for i in range(CUSTOMERS):
        t += gaps.exponential(i) * gap_s
        sequences.append(Sequence(i, int(t * SECOND), PROMPT, 1))
        kernel.at(sequences[i].arrived_us, submit, sequences[i])
    kernel.advance(int(t * SECOND) + 60 * SECOND)
    return engine, [q.admitted_us - q.arrived_us for q in sequences]


def mean_after_warm_up(waits: list[int]) -> float:
    """Return the mean in seconds without the first fifth."""
    measured = waits[len(waits) // 5 :]
    return sum(measured) / len(measured) / SECOND


def _station(name: str, servers: int, rate: float, service: Service, expected_s: float) -> KnownQueue:
    def wait(seed: int) -> float:
        _, waits = station_waits(seed, servers=servers, rate=rate, service=service, count=CUSTOMERS)
        return mean_after_warm_up(waits)

    return KnownQueue(name=name, expected_s=expected_s, mean_wait_s=wait)


def _engine_of_one() -> KnownQueue:
    """An engine that takes one prompt at a time, all alike, is an M/D/1 queue."""
    model = StepModel(PRESETS["llama3_8b_a100_tp1"])
    service_s = (model.base_ps(0, PROMPT) + model.e * PROMPT * PROMPT) / 1e12

    def wait(seed: int) -> float:
        return mean_after_warm_up(engine_waits(seed, model, service_s / ENGINE_LOAD)[1])

    expected_s = service_s * pollaczek_khinchine(ENGINE_LOAD, 1.0)
    return KnownQueue(name="engine of one (M/D/1)", expected_s=expected_s, mean_wait_s=wait)


def _ignore(_sequence: Sequence, _now: int) -> None:
    """The times are in the sequence."""
