"""The station against a naive oracle: who is served when, what is conserved, what is refused."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.world.call import Call
from incidentsim.world.kernel import COMMAND, Kernel
from incidentsim.world.stack.stages.station import Station

Operation = tuple[str, int, int]
"""What happens, before which microsecond gap, and with which argument."""

OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["submit", "submit", "submit", "submit", "cancel", "servers", "factor", "drop"]),
        st.integers(0, 12),
        st.integers(0, 20),
    ),
    max_size=60,
)


@dataclass
class Oracle:
    """A station one microsecond at a time: jobs count down, lists are searched, nothing is scheduled."""

    servers: int
    limit: int
    factor: int = 1_000_000
    running: list[list[int]] = field(default_factory=list)
    queue: list[tuple[int, int]] = field(default_factory=list)
    done: list[tuple[int, int]] = field(default_factory=list)
    busy_us: int = 0
    queued_us: int = 0

    def tick(self, now: int) -> None:
        """Let one microsecond pass, up to `now`."""
        self.busy_us += len(self.running)
        self.queued_us += len(self.queue)
        for entry in self.running:
            entry[1] -= 1
        self.settle(now)

    def settle(self, now: int) -> None:
        """End what has no time left, until nothing more can begin and end at this instant."""
        while True:
            while self.queue and len(self.running) < self.servers:
                job, service = self.queue.pop(0)
                self.running.append([job, service * self.factor // 1_000_000])
            ended = [entry for entry in self.running if entry[1] <= 0]
            if not ended:
                return
            self.running = [entry for entry in self.running if entry[1] > 0]
            self.done += [(job, now) for job, _ in ended]

    def submit(self, job: int, service: int) -> bool:
        if len(self.running) >= self.servers and len(self.queue) >= self.limit:
            return False
        self.queue.append((job, service))
        return True

    def cancel(self, job: int) -> bool:
        before = len(self.running) + len(self.queue)
        self.running = [entry for entry in self.running if entry[0] != job]
        self.queue = [entry for entry in self.queue if entry[0] != job]
        return len(self.running) + len(self.queue) < before

    def drop(self) -> list[int]:
        lost = [job for job, _ in self.running] + [job for job, _ in self.queue]
        self.running, self.queue = [], []
        return lost


@settings(max_examples=300, deadline=None)
@given(servers=st.integers(0, 3), limit=st.integers(0, 4), operations=OPERATIONS)
def test_it_does_what_a_naive_station_does(servers: int, limit: int, operations: list[Operation]) -> None:
    """Every answer, end of service, gauge and integral equals those of a station that counts microseconds."""
    kernel = Kernel(0)
    station = Station(kernel, servers, limit)
    oracle = Oracle(servers=servers, limit=limit)
    done: list[tuple[int, int]] = []

    def finished(job: int, now: int) -> None:
        done.append((job, now))

    def compare() -> None:
        assert sorted(done) == sorted(oracle.done)
        assert (station.busy, station.queued) == (len(oracle.running), len(oracle.queue))
        assert (station.busy_time_us, station.queued_time_us) == (oracle.busy_us, oracle.queued_us)
        left = station.served + station.cancelled + station.dropped
        assert station.accepted == left + station.busy + station.queued
        assert station.served == len(done)

    now = 0
    for number, (what, gap, argument) in enumerate(operations):
        for _ in range(gap):
            now += 1
            kernel.advance(now)
            oracle.tick(now)
            compare()
        if what == "submit":
            assert station.submit(number, argument, finished) == oracle.submit(number, argument)
        elif what == "cancel":
            assert station.cancel(argument) == oracle.cancel(argument)
        elif what == "servers":
            station.set_servers(argument % 4)
            oracle.servers = argument % 4
        elif what == "factor":
            station.set_factor_ppm(argument * 200_000)
            oracle.factor = argument * 200_000
        else:
            assert sorted(map(str, station.drop_all())) == sorted(map(str, oracle.drop()))
        kernel.advance(now)
        oracle.settle(now)
        compare()


def test_jobs_are_served_in_order_and_events_are_one_per_job() -> None:
    """Two servers take five jobs first come first served, with one kernel event for each."""
    kernel = Kernel(-1_000)
    station = Station(kernel, servers=2)
    ends: list[tuple[str, int]] = []
    before = kernel.scheduled
    for name, service in (("a", 10), ("b", 30), ("c", 10), ("d", 10), ("e", 1)):
        assert station.submit(name, service, lambda job, now: ends.append((job, now + 1_000)))
    kernel.advance(0)
    assert ends == [("a", 10), ("c", 20), ("b", 30), ("d", 30), ("e", 31)]
    assert kernel.scheduled - before == 5
    assert station.busy_time_us == 61


def test_a_full_queue_refuses() -> None:
    """A job is refused when no server is free and the queue is at its limit, and only then."""
    kernel = Kernel(0)
    station = Station(kernel, servers=1, queue_limit=1)
    assert [station.submit(i, 10, _ignore) for i in range(3)] == [True, True, False]
    assert (station.accepted, station.refused) == (2, 1)
    kernel.advance(10)
    assert station.submit(2, 10, _ignore)


def test_fewer_servers_let_jobs_end() -> None:
    """Taking servers away interrupts nobody; the next job waits until fewer are busy than there are servers."""
    kernel = Kernel(0)
    station = Station(kernel, servers=2)
    for job, service in ((1, 10), (2, 20), (3, 10)):
        station.submit(job, service, _ignore)
    station.set_servers(1)
    kernel.advance(15)
    assert (station.busy, station.queued, station.served) == (1, 1, 1)
    kernel.advance(20)
    assert (station.busy, station.queued, station.served) == (1, 0, 2)


def test_the_factor_counts_when_service_begins() -> None:
    """A slowdown leaves jobs in service alone and lengthens those that start later."""
    kernel = Kernel(0)
    station = Station(kernel, servers=1)
    ends: list[int] = []
    station.submit("early", 10, lambda _, now: ends.append(now))
    station.submit("late", 10, lambda _, now: ends.append(now))
    station.set_factor_ppm(2_500_000)
    kernel.advance(100)
    assert ends == [10, 35]


def test_a_job_can_come_back_after_it_was_cancelled() -> None:
    """The end of a cancelled service is not taken for that of the same job submitted again."""
    kernel = Kernel(0)
    station = Station(kernel, servers=1)
    ends: list[int] = []
    station.submit("job", 10, lambda _, now: ends.append(now))
    kernel.advance(4)
    assert station.cancel("job")
    station.submit("job", 10, lambda _, now: ends.append(now))
    with pytest.raises(ValueError, match="already at this station"):
        station.submit("job", 1, _ignore)
    kernel.advance(100)
    assert ends == [14]
    assert not station.cancel("job")
    assert station.busy_time_us == 14


def test_callbacks_may_do_anything() -> None:
    """A job that ends may submit another, which goes behind those that wait, or empty the station."""
    kernel = Kernel(0)
    station = Station(kernel, servers=1)
    order: list[str] = []

    def again(job: str, _: int) -> None:
        order.append(job)
        station.submit(job + "'", 10, note)

    def note(job: str, _: int) -> None:
        order.append(job)
        if job == "b":
            order.append(str(station.drop_all()))

    station.submit("a", 10, again)
    station.submit("b", 10, note)
    kernel.advance(100)
    assert order == ["a", "b", '["a\'"]']
    assert (station.busy, station.queued, station.dropped) == (0, 0, 1)


def test_a_change_at_an_instant_comes_before_the_ends_of_service() -> None:
    """A command at the instant at which a job ends, takes effect first: the cancelled job is not served."""
    kernel = Kernel(0)
    station = Station(kernel, servers=1)
    station.submit("job", 10, _ignore)

    def cancel(_: Call) -> None:
        assert station.cancel("job")

    kernel.at(10, cancel, None, COMMAND)
    kernel.advance(10)
    assert (station.served, station.cancelled, station.busy_time_us) == (0, 1, 10)


def test_the_state_tells_stations_apart() -> None:
    """Stations that will behave differently have different states, and equal histories have equal ones."""

    def made(service: int, waiting: int) -> list[int]:
        kernel = Kernel(0)
        station = Station(kernel, servers=1)
        station.submit("a", service, _ignore)
        station.submit("b", waiting, _ignore)
        kernel.advance(5)
        return station.state()

    assert made(10, 10) == made(10, 10)
    assert made(10, 10) != made(11, 10)
    assert made(10, 10) != made(10, 11)


def _ignore(_job: object, _now: int) -> None:
    """Nothing to do at the end."""
