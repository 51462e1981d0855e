"""What retrieval tells: counters and histograms by name, and log lines that don't repeat for every question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from incidentsim.telemetry.registry import Counter, Registry
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel

REASONS: Final = ("partial", "dense_only", "sparse_only", "snapshot", "none")
"""What degraded a retrieval, in the order in which one of several is named last."""

REPEAT_US: Final = 10_000_000
"""The same warning is written at most this often, with the number of those left out."""


class Instruments:
    """The stage's own metrics. `tenants` maps ids to shown names."""

    def __init__(self, registry: Registry, tenants: dict[str, str], shards: list[str]) -> None:
        def stage(name: str) -> Callable[[int], None]:
            labels = {"stage": name}
            return registry.histogram("retrieval_request_duration_seconds", labels, target="retrieval").observe

        self.embed = stage("embed")
        self.search = stage("search")
        self.rerank = stage("rerank")
        self.total = stage("total")
        self.rerank_timeouts = registry.counter("rerank_timeouts_total", {}, target="retrieval")
        self.empty: dict[str, Counter] = {
            tenant: registry.counter("retrieval_empty_results_total", {"tenant": shown}, target="retrieval")
            for tenant, shown in tenants.items()
        }
        self.errors: dict[str, Counter] = {
            shard: registry.counter("retrieval_errors_total", {"shard": shard}, target="retrieval") for shard in shards
        }
        self.degraded: dict[str, Counter] = {
            reason: registry.counter("retrieval_degraded_total", {"reason": reason}, target="retrieval")
            for reason in REASONS
        }


class Warnings:
    """Log lines of one service, each kind at most every REPEAT_US. Nothing that happens depends on it."""

    def __init__(self, kernel: Kernel, journal: Journal, service: str) -> None:
        self._kernel = kernel
        self._journal = journal
        self._service = service
        self._last: dict[str, int] = {}
        self._left_out: dict[str, int] = {}

    def warn(self, kind: str, message: str, fields: dict[str, str | int]) -> None:
        """Write a warning, unless one of this kind was written just now."""
        now = self._kernel.now
        last = self._last.get(kind)
        if last is not None and now - last < REPEAT_US:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return
        self._last[kind] = now
        more = self._left_out.pop(kind, 0)
        self.say("warn", message, fields | ({"suppressed": more} if more else {}))

    def say(self, level: str, message: str, fields: dict[str, str | int]) -> None:
        """Write a line."""
        self._journal.emit(level, self._service, f"{self._service}-0", message, fields)
