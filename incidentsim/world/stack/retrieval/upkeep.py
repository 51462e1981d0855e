"""What goes on beside the questions: documents arrive, the refresh job embeds, consumers index, builds run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from incidentsim.exact import Draws
from incidentsim.scenario.parts import RetrievalPart
from incidentsim.specs.knobs import format_duration
from incidentsim.telemetry.registry import Registry
from incidentsim.world.call import Call
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.retrieval.instruments import Warnings
from incidentsim.world.stack.retrieval.sparse import SparseIndex
from incidentsim.world.stack.retrieval.vectors import LIVE, SNAPSHOT, VectorIndex

if TYPE_CHECKING:
    from incidentsim.world.stack.retrieval.shard import Shard

ONE: Final = 1_000_000

TICK_US: Final = 5_000_000
"""Indexes advance in steps this long; lags are exact to it."""

ENCODER_LOAD_US: Final = 30_000_000
"""Time to load another encoder beside the present one, worker by worker."""

REPORT_TICKS: Final = 12
"""The refresh job and throttled consumers write a line this many ticks apart."""

LAGGING_US: Final = 60_000_000
"""Lag of the sparse index from which its consumers complain: the usual objective for it is a minute."""


class Upkeep:
    """Holds the dense and the sparse index, and advances them. `changed` is called when what they find changes."""

    def __init__(
        self, part: RetrievalPart, shards: list[Shard], *, kernel: Kernel, registry: Registry, log: Warnings,
        seed: int, changed: Callable[[], None], built: Callable[[], None],
    ) -> None:  # fmt: skip
        self._kernel = kernel
        self._part = part
        self._shards = shards
        self._log = log
        self._changed = changed
        self._built = built
        self._arrivals = Draws(seed, part.id, "arrivals")
        self._born = self._since = kernel.now
        self._ticks = 0
        self._loads = {"encoder": 0, "dual": 0}
        self._rest = 0
        self.rerank_slowdown_ppm = ONE
        self.index = VectorIndex(part, kernel.now)
        self.sparse = SparseIndex(part)
        for version in self.index.revisions:
            registry.gauge("vector_index_vectors", {"version": version},
                           lambda version=version: self.index.counts[version], target="vector-index")  # type: ignore[misc]  # fmt: skip
        registry.gauge("vector_index_build_remaining", {}, lambda: max(0, self.index.build_left), target="vector-index")
        registry.gauge("sparse_index_lag_seconds", {}, lambda: self.sparse.lag_us(kernel.now) / ONE,
                       target="sparse-index")  # fmt: skip
        registry.gauge("sparse_index_queue_length", {}, lambda: self.sparse.queued, target="sparse-index")
        kernel.after(TICK_US, self._tick, None)

    def state(self) -> list[object]:
        """Return what defines it."""
        return [self.index.state(), self.sparse.state(), self.rerank_slowdown_ppm, list(self._loads.values()),
                self._rest]  # fmt: skip

    def status(self) -> list[str]:
        """Return versions, sizes and lags."""
        index, sparse = self.index, self.sparse
        held = ", ".join(f"{count} by {version}" for version, count in index.counts.items() if count)
        lines = [f"questions are embedded by {index.encoder}{' and the other version' if index.dual else ''}",
                 f"documents are embedded by {index.refresh}{' (pinned)' if index.pinned else ''}",
                 f"served index: {index.served}; live vectors: {held}",
                 f"sparse index: {sparse.queued} documents wait, lag "
                 f"{format_duration(sparse.lag_us(self._kernel.now))}"]  # fmt: skip
        if index.build_left >= 0:
            left = index.build_left * ONE // max(1, self._part.build_rate)
            lines.append(f"index build: {index.build_left} vectors left, about {format_duration(left)}")
        return lines

    # -- what people change ---------------------------------------------------------------------------------

    def pins(self) -> dict[str, tuple[str, ...]]:
        """Return the keys of `pin` with their revisions, the one in force first."""
        index = self.index
        known = {"encoder": (index.encoder, *index.revisions), "refresh": (index.refresh, *index.revisions),
                 "index": (index.served, LIVE, SNAPSHOT)}  # fmt: skip
        return {key: tuple(dict.fromkeys(revisions)) for key, revisions in known.items()}

    def pin(self, key: str, revision: str) -> None:
        """Pin something; another encoder loads first."""
        if key == "encoder":
            self._load("encoder", lambda: setattr(self.index, "encoder", revision))
        elif key == "refresh":
            self.index.pinned = revision
        else:
            self.index.served = revision
            self._log.say("info", f"alias switched to {revision} index", {"alias": "documents"})
        self._changed()

    def set_dual(self, *, on: bool) -> None:
        """Have both encoders, or one again; the second one loads first."""
        if on and self._kernel.now > self._born:
            self._load("dual", lambda: setattr(self.index, "dual", True))
        else:
            self._loads["dual"] += 1
            self.index.dual = on

    def _load(self, what: str, then: Callable[[], None]) -> None:
        self._loads[what] += 1
        self._kernel.after(ENCODER_LOAD_US, self._loaded, (what, self._loads[what], then))

    def _loaded(self, call: Call) -> None:
        what, number, then = call.argument
        if number == self._loads[what]:
            then()
            self._log.say("info", "encoder loaded", {"encoder": self.index.encoder})
            self._changed()

    def rebuild(self, what: str) -> None:
        """Begin to build an index anew; `off` stops a dense build, not a sparse one, whose index is gone."""
        index = self.index
        if what == "dense" and index.build_left < 0:
            index.build_left = index.vectors
            self._log.say("info", "index build started", {"vectors": index.vectors, "version": index.refresh})
        elif what != "dense":
            index.build_left = -1
        if what == "sparse":
            self.sparse.flush()
            self._log.say("info", "sparse index flushed, indexing from the first document",
                          {"documents": self.sparse.documents})  # fmt: skip
        for shard in self._shards:
            shard.slow_down(building=index.build_left >= 0)

    # -- what goes on ---------------------------------------------------------------------------------------

    def _tick(self, _: Call) -> None:
        now = self._kernel.now
        passed = now - self._since
        spread = 850_000 + self._arrivals.below(self._ticks, 300_001)
        arrived = self._part.documents * passed // ONE * spread // ONE
        whole, self._rest = divmod(self._rest + arrived, 1_000)
        if self.index.advance(passed, whole):
            self._build_ended()
        self.sparse.advance(self._since, now, arrived)
        self._since = now
        self._ticks += 1
        if self._ticks % REPORT_TICKS == 0:
            self._report(now)
        self._changed()
        self._kernel.after(TICK_US, self._tick, None)

    def _build_ended(self) -> None:
        self._log.say("info", "index build finished, alias switched to the new index", {"version": self.index.refresh})
        for shard in self._shards:
            shard.slow_down(building=False)
            shard.recover()
        self._built()

    def _report(self, now: int) -> None:
        index, sparse = self.index, self.sparse
        done = index.counts[index.refresh]
        if done < index.vectors:
            self._log.say("info", f"refresh: embedded {done} of {index.vectors} passages", {"model": index.refresh})
        if sparse.lag_us(now) > LAGGING_US and sparse.throttle_ppm:
            self._log.say("warn", "now throttling indexing: numMergesInFlight=9, maxNumMerges=8",
                          {"queue": sparse.queued})  # fmt: skip
