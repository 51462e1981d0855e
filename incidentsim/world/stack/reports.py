"""What a router knows of replicas whose load it reads from monitoring: the last scrape, right or wrong."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from incidentsim.telemetry.store import SeriesStore

if TYPE_CHECKING:
    from incidentsim.world.stack.pod import Pod
    from incidentsim.world.stack.pool import Pool

WAITING = "vllm:num_requests_waiting"
"""Reported beside the KV usage."""

REQUEST_WORTH_PPM = 5_000
"""A request that waits, or was sent since the last scrape, counts like this much KV usage: a chat request of some 800
tokens in a cache of 160,000."""


class Report:
    """One replica as last reported: KV usage in ppm (None = not reported), waiting requests, when either changed.

    `in_flight` is what the gateway itself had there when that report came.
    """

    __slots__ = ("changed_us", "in_flight", "kv_ppm", "waiting")

    def __init__(self, kv_ppm: int | None, waiting: int, changed_us: int) -> None:
        self.kv_ppm = kv_ppm
        self.waiting = waiting
        self.changed_us = changed_us
        self.in_flight = 0


class Reports:
    """Reads the store once a scrape. `kv_name` is the name it reads the KV usage under."""

    def __init__(self, store: SeriesStore, kv_name: str) -> None:
        self._store = store
        self._kv_name = kv_name
        self._scrapes: dict[str, int] = {}
        self._reports: dict[str, Report] = {}

    @property
    def families(self) -> tuple[str, ...]:
        """What must be scraped for it."""
        return (self._kv_name, WAITING)

    def of(self, pool: Pool, pod: Pod) -> Report:
        """Return what the last scrape said of a replica."""
        scrapes = len(self._store.times)
        if self._scrapes.get(pool.id) != scrapes:
            self._scrapes[pool.id] = scrapes
            for each in pool.routable:
                self._refresh(each)
        report = self._reports.get(pod.id)
        return report if report is not None else self._refresh(pod)

    def load_ppm(self, pool: Pool, pod: Pod, now: int, max_age_us: int) -> int | None:
        """Return KV usage, queue and what was sent since as one number.

        None when the report is missing, or older than allowed (0 = any age).
        """
        report = self.of(pool, pod)
        if report.kv_ppm is None:
            return None
        load = report.kv_ppm + REQUEST_WORTH_PPM * report.waiting
        if load and 0 < max_age_us <= now - report.changed_us:
            return None
        return load + REQUEST_WORTH_PPM * max(0, pod.requests - report.in_flight)

    def _refresh(self, pod: Pod) -> Report:
        labels = {"model_name": pod.pool.model_name, "engine": pod.id}
        kv, waiting = self._store.latest(self._kv_name, labels), self._store.latest(WAITING, labels)
        kv_ppm = None if kv is None or isnan(kv) else int(kv * 1_000_000)
        queue = 0 if waiting is None or isnan(waiting) else int(waiting)
        before = self._reports.get(pod.id)
        if before is not None and (before.kv_ppm, before.waiting) == (kv_ppm, queue):
            before.in_flight = pod.requests
            return before
        times = self._store.times
        fresh = self._reports[pod.id] = Report(kv_ppm, queue, times[-1] if times else 0)
        fresh.in_flight = pod.requests
        return fresh
