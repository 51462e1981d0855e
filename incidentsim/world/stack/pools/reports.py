"""What a router knows of replicas whose load it reads from monitoring: the last scrape, right or wrong."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan
from typing import TYPE_CHECKING, Final

from incidentsim.telemetry.store import SeriesStore

if TYPE_CHECKING:
    from incidentsim.world.stack.pools.pod import Pod

WAITING: Final = "vllm:num_requests_waiting"
"""Reported beside the KV usage."""

REQUEST_WORTH_PPM: Final = 5_000
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


MISSING: Final = Report(None, 0, 0)
"""A replica that no scrape has reached yet."""


class Reports:
    """Takes over what the store has after each scrape. `kv_name` is the name it reads the KV usage under."""

    def __init__(self, store: SeriesStore, kv_name: str) -> None:
        self._store = store
        self._kv_name = kv_name
        self._reports: dict[str, Report] = {}

    @property
    def families(self) -> tuple[str, ...]:
        """What must be scraped for it."""
        return (self._kv_name, WAITING)

    def of(self, pod: Pod) -> Report:
        """Return what the last scrape said of a replica."""
        return self._reports.get(pod.id, MISSING)

    def load_ppm(self, pod: Pod, now: int, max_age_us: int) -> int | None:
        """Return KV usage, queue and what was sent since as one number.

        None when the report is missing, or older than allowed (0 = any age).
        """
        report = self.of(pod)
        if report.kv_ppm is None:
            return None
        load = report.kv_ppm + REQUEST_WORTH_PPM * report.waiting
        if load and 0 < max_age_us <= now - report.changed_us:
            return None
        return load + REQUEST_WORTH_PPM * max(0, pod.requests - report.in_flight)

    def scraped(self, pods: Iterable[Pod], now: int) -> None:
        """Take over what was scraped just now."""
        for pod in pods:
            labels = {"model_name": pod.pool.model_name, "engine": pod.id}
            kv, waiting = self._store.latest(self._kv_name, labels), self._store.latest(WAITING, labels)
            kv_ppm = None if kv is None or isnan(kv) else int(kv * 1_000_000)
            queue = 0 if waiting is None or isnan(waiting) else int(waiting)
            report = self._reports.get(pod.id)
            if report is None or (report.kv_ppm, report.waiting) != (kv_ppm, queue):
                report = self._reports[pod.id] = Report(kv_ppm, queue, now)
            report.in_flight = pod.requests
