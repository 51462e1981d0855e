"""A multi-server station with one first-come-first-served queue: M/G/c when arrivals and service are drawn so.

Components that serve one job at a time per worker (guardrail, preprocessing, retrieval, reranker) are built on
it: they say how long each job takes, the station says when it is done. One kernel event per job; jobs that wait
cost none.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, TypeVar

from incidentsim.world.call import Call
from incidentsim.world.kernel import NORMAL, Kernel

Job = TypeVar("Job")

_MILLION: Final = 1_000_000


class _Work(Call):
    """One accepted job, and the event of its end. `live` turns False when it leaves before that: then it does nothing.

    `submit` fills it in.
    """

    __slots__ = ("done", "end_us", "job", "live", "service_us")

    job: object
    service_us: int
    done: Callable[[Any, int], None]
    end_us: int
    live: bool


class Station:
    """`servers` workers and a queue of at most `queue_limit` jobs.

    A job is any hashable object that is here at most once at a time. It is refused (queue full), or accepted and
    then leaves in exactly one way, so that always
    `accepted == served + cancelled + dropped + busy + queued`. Its service time in µs is fixed at submission and
    scaled by the factor in force when a server takes it; `done(job, now_us)` is called at the end of service,
    after the server has taken its next job. Callbacks may call any method of the station.

    Counters never fall. `busy_time_us` is the integral of busy servers over time, `queued_time_us` that of
    waiting jobs, both up to now: their growth over a window divided by its length is the mean number.
    """

    __slots__ = (
        "_busy_us", "_ended", "_factor_ppm", "_kernel", "_queue", "_queued_us", "_running", "_seen_us", "_servers",
        "accepted", "cancelled", "dropped", "queue_limit", "refused", "served",
    )  # fmt: skip

    def __init__(self, kernel: Kernel, servers: int = 4, queue_limit: int = 1000) -> None:
        if servers < 0 or queue_limit < 0:
            raise ValueError(f"a station can't have {servers} servers or room for {queue_limit} waiting jobs")
        self._kernel = kernel
        self._ended = self._end
        self._servers = servers
        self.queue_limit = queue_limit
        self._factor_ppm = _MILLION
        self._queue: OrderedDict[object, _Work] = OrderedDict()
        self._running: dict[object, _Work] = {}
        self._seen_us = kernel.now
        self._busy_us = self._queued_us = 0
        self.accepted = self.refused = self.served = self.cancelled = self.dropped = 0

    # -- jobs -----------------------------------------------------------------------------------------------

    def submit(self, job: Job, service_us: int, done: Callable[[Job, int], None]) -> bool:
        """Serve a job for `service_us` µs (>= 0) when its turn comes; False when the queue is full.

        Raises ValueError when the job is already here, or the service time is negative.
        """
        running, queue = self._running, self._queue
        if job in running or job in queue:
            raise ValueError(f"{job!r} is already at this station; submit a job again only after it has left")
        if service_us < 0:
            raise ValueError(f"{job!r} can't take {service_us} µs")
        busy = len(running)
        idle = busy < self._servers
        if not idle and len(queue) >= self.queue_limit:
            self.refused += 1
            return False
        now = self._kernel.now
        passed = now - self._seen_us
        if passed:  # `_account` written out, here and in `_end`: both happen for every job
            self._busy_us += passed * busy
            if queue:
                self._queued_us += passed * len(queue)
            self._seen_us = now
        self.accepted += 1
        work = _Work()
        work.job = job
        work.service_us = service_us
        work.done = done
        work.end_us = 0
        work.live = True
        work.function = self._ended
        if idle:
            work.end_us = end = now + service_us * self._factor_ppm // _MILLION
            running[job] = work
            self._kernel.push(end, work, NORMAL)
        else:
            queue[job] = work
        return True

    def cancel(self, job: object) -> bool:
        """Take a job out, waiting or in service, without calling `done`; False when it is not here."""
        work = self._running.get(job) or self._queue.get(job)
        if work is None:
            return False
        self._account()
        self.cancelled += 1
        if self._queue.pop(job, None) is None:
            del self._running[job]
            work.live = False
            self._refill()
        return True

    def drop_all(self) -> list[object]:
        """Take every job out without calling `done`; return them, those in service first, each in order."""
        self._account()
        lost = [*self._running, *self._queue]
        for work in self._running.values():
            work.live = False
        self._running.clear()
        self._queue.clear()
        self.dropped += len(lost)
        return lost

    # -- settings -------------------------------------------------------------------------------------------

    def set_servers(self, servers: int) -> None:
        """Change the number of workers (>= 0). Jobs in service end; surplus workers stop after theirs."""
        if servers < 0:
            raise ValueError(f"a station can't have {servers} servers")
        self._account()
        self._servers = servers
        self._refill()

    def set_factor_ppm(self, factor_ppm: int) -> None:
        """Make jobs that start from now on take `factor_ppm` / 10^6 of their service time (rounded down)."""
        if factor_ppm < 0:
            raise ValueError(f"a station can't work at {factor_ppm} ppm of a job's service time")
        self._factor_ppm = factor_ppm

    # -- what others may read -------------------------------------------------------------------------------

    @property
    def servers(self) -> int:
        """Workers that may take jobs."""
        return self._servers

    @property
    def busy(self) -> int:
        """Jobs in service; more than `servers` for a while after the number fell."""
        return len(self._running)

    @property
    def queued(self) -> int:
        """Jobs that wait."""
        return len(self._queue)

    @property
    def busy_time_us(self) -> int:
        """Server time used so far, in µs."""
        return self._busy_us + len(self._running) * (self._kernel.now - self._seen_us)

    @property
    def queued_time_us(self) -> int:
        """Waiting time spent so far by all jobs together, in µs."""
        return self._queued_us + len(self._queue) * (self._kernel.now - self._seen_us)

    def state(self) -> list[int]:
        """Return the integers that define the station, for the `dyn` digest."""
        ends = sum(work.end_us for work in self._running.values())  # exact: ints
        asked = sum(work.service_us for work in self._queue.values())  # exact: ints
        return [
            self._servers, self.queue_limit, self._factor_ppm, self.busy, self.queued, ends, asked, self.accepted,
            self.refused, self.served, self.cancelled, self.dropped, self.busy_time_us, self.queued_time_us,
        ]  # fmt: skip

    # -- inside ---------------------------------------------------------------------------------------------

    def _account(self) -> None:
        """Add what has passed to the integrals; called before anything changes."""
        passed = self._kernel.now - self._seen_us
        if passed:
            self._busy_us += passed * len(self._running)
            self._queued_us += passed * len(self._queue)
            self._seen_us += passed

    def _refill(self) -> None:
        while self._queue and len(self._running) < self._servers:
            work = self._queue.popitem(last=False)[1]
            work.end_us = self._kernel.now + work.service_us * self._factor_ppm // _MILLION
            self._running[work.job] = work
            self._kernel.push(work.end_us, work, NORMAL)

    def _end(self, work: Any) -> None:
        if not work.live:
            return
        running, queue, now = self._running, self._queue, self._kernel.now
        passed = now - self._seen_us
        if passed:
            self._busy_us += passed * len(running)
            if queue:
                self._queued_us += passed * len(queue)
            self._seen_us = now
        job = work.job
        del running[job]
        self.served += 1
        if queue:
            self._refill()
        work.done(job, now)
