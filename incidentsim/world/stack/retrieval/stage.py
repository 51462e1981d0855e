"""Retrieval as a stage: a question is embedded, searched, reranked, and its passages go into the prompt.

Three kernel events a question where nothing waits. What it finds is not simulated passage by passage: `recall`
says how likely the needed one is among them, from the state of the indexes at that moment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from incidentsim.client_api import Health
from incidentsim.exact import Draws, QuantileTable
from incidentsim.scenario.parts import RetrievalPart
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.requests import STALE, UNGROUNDED, Attempt
from incidentsim.world.stack.retrieval import recall
from incidentsim.world.stack.retrieval.golden import GoldenQuestions
from incidentsim.world.stack.retrieval.instruments import Instruments, Warnings
from incidentsim.world.stack.retrieval.query import Query
from incidentsim.world.stack.retrieval.upkeep import Upkeep
from incidentsim.world.stack.stages.station import Station

if TYPE_CHECKING:
    from incidentsim.world.stack.edge.gateway import Gateway
    from incidentsim.world.stack.retrieval.shard import Shard

ONE: Final = 1_000_000

LOW_RECALL: Final = 0.6
"""Reported recall below which the topology shows it as bad: about what the sparse index finds alone."""

BATCH_US: Final = 4_000
"""The encoder's server collects questions this long before a forward pass (a dynamic batcher's usual delay)."""

ENCODE_US, ENCODE_TOKEN_US, ENCODE_TOKENS = 6_000, 12, 512
"""A forward pass of a 0.5B encoder on a small GPU, in µs; per token of the question; most tokens it reads."""

SEARCH_US: Final = 9_000
"""Typical search of one HNSW shard of a few million vectors, with a tenant filter, in µs."""

BM25_US: Final = 12_000
"""Typical search of the sparse index; beside a dense search it is the shorter one and costs no time of its own."""

PAIRS_US, PAIR_US = 5_000, 1_300
"""A cross-encoder's call, and each (question, passage) pair of 160 tokens in it, in µs, on a small GPU."""

SPREAD: Final = QuantileTable([(0, 700_000), (500_000, 950_000), (900_000, 1_400_000), (990_000, 2_500_000),
                        (1_000_000, 5_000_000)])  # fmt: skip
"""Factor on a service time (ppm): right-skewed, as measured search latencies are (p99 about 2.6 times the median)."""


class Retrieval(Component):
    """The stage `retrieval`. Every question leaves in exactly one way: passed with passages, failed, or hung up.

    `index` and `sparse` hold what can be found (kept up by `upkeep`), `shards` who searches.
    """

    def __init__(
        self, part: RetrievalPart, shards: list[Shard], *, kernel: Kernel, gateway: Gateway, registry: Registry,
        journal: Journal, seed: int, tenants: dict[str, str], built: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(part.id)
        self.part = part
        self.shards = shards
        self._kernel = kernel
        self._gateway = gateway
        self._log = Warnings(kernel, journal, self.id)
        self._spread = [Draws(seed, part.id, purpose) for purpose in ("embed", "search", "rerank")]
        self._live: dict[Attempt, Query] = {}
        self._groundings: dict[tuple[int, bool, bool, str], recall.Grounding] = {}
        self.encoder = Station(kernel, part.encoder_workers, queue_limit=1_000)
        self.reranker = Station(kernel, part.rerank_workers, queue_limit=200)
        self._sparse_search = Station(kernel, 32, queue_limit=1_000)
        self.metrics = Instruments(registry, tenants, [s.id for s in shards])
        self.upkeep = Upkeep(part, shards, kernel=kernel, registry=registry, log=self._log, seed=seed,
                             changed=self._groundings.clear, built=built)  # fmt: skip
        self.index = self.upkeep.index
        self.sparse = self.upkeep.sparse
        for shard in shards:
            shard.on_lost = self._shard_lost
            shard.on_change = self._groundings.clear
        GoldenQuestions(kernel, self, registry, seed)

    # -- settings and readings ------------------------------------------------------------------------------

    def changed(self, name: str) -> None:
        """Take a new setting; most hold from the next question on."""
        if name == "dual_index":
            self.upkeep.set_dual(on=bool(self.int_knob(name)))
        elif name == "sparse_consumers":
            self.sparse.consumers = self.int_knob(name)
        elif name == "rebuild":
            self.upkeep.rebuild(self.text_knob(name))
        self._groundings.clear()

    def pins(self) -> dict[str, tuple[str, ...]]:
        """Return what can be pinned, and to which revisions."""
        return self.upkeep.pins()

    def pin(self, key: str, revision: str) -> None:
        """Pin the encoder of questions, the version that embeds documents, or the index that is served."""
        self.upkeep.pin(key, revision)

    def status(self) -> list[str]:
        """Return versions, lags and queues."""
        return [*self.upkeep.status(),
                f"encoder: {self.encoder.busy} running, {self.encoder.queued} waiting",
                f"reranker: {self.reranker.busy} running, {self.reranker.queued} waiting"]  # fmt: skip

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return recall and lag as reported."""
        found = store.latest("retrieval_recall_estimate", {"leg": "hybrid"})
        lag = store.latest("sparse_index_lag_seconds", {})
        edges = tuple((shard.id, "") for shard in self.shards)
        if found is None or found != found:  # noqa: PLR0124 - NaN: no golden round yet
            return ComponentState(name=self.id, kind=self.kind, health="unknown", summary="no recall yet", edges=edges)
        late = (lag or 0) > self.int_knob("stale_after") / 1_000_000
        health: Health = "bad" if found < LOW_RECALL else "warn" if late else "ok"
        return ComponentState(name=self.id, kind=self.kind, health=health,
                              summary=f"recall {found:.0%}, sparse lag {lag or 0:.0f} s", edges=edges)  # fmt: skip

    def held(self) -> int:
        """Return the questions on their way."""
        return len(self._live)

    def state(self) -> list[object]:
        """Return what defines it."""
        return [*super().state(), self.upkeep.state(), self.encoder.state(), self._sparse_search.state(),
                self.reranker.state(), len(self._live), self.metrics.rerank_timeouts.value]  # fmt: skip

    # -- what a question finds ------------------------------------------------------------------------------

    def _partition(self, tenant: int) -> list[Shard]:
        count = len(self.shards)
        return [self.shards[(tenant + i) % count] for i in range(min(self.part.tenant_shards, count))]

    def reach_ppm(self, tenant: int) -> int:
        """Return the share of a tenant's vectors that can be searched as things stand."""
        partition = self._partition(tenant)
        up = len([s for s in partition if s.serving])
        if up < len(partition) and self._needs_all():
            return 0
        return up * ONE // len(partition)

    def _needs_all(self) -> bool:
        return self.text_knob("consistency") == "all" and self.text_knob("fallback_mode") != "dense_only"

    def expected(self, reach_ppm: int) -> tuple[int, int, int]:
        """Return the recall (ppm) of the dense leg, the sparse leg, and both, for questions with this reach."""
        ask_sparse = self._asks_sparse()
        reranked = bool(self.int_knob("reranker"))
        alone = [self._ground(reach_ppm, sparse=False, reranked=reranked, reason=""),
                 self._ground(0, sparse=True, reranked=reranked, reason=""),
                 self._ground(reach_ppm, sparse=ask_sparse, reranked=reranked, reason="")]  # fmt: skip
        return alone[0].recall_ppm, alone[1].recall_ppm, alone[2].recall_ppm

    def _asks_sparse(self) -> bool:
        if not self.int_knob("hybrid"):
            return False
        lag = self.sparse.lag_us(self._kernel.now)
        return self.text_knob("fallback_mode") != "dense_only" or lag <= self.int_knob("stale_after")

    def _ground(self, reach_ppm: int, *, sparse: bool, reranked: bool, reason: str) -> recall.Grounding:
        key = (reach_ppm, sparse, reranked, reason)
        known = self._groundings.get(key)
        if known is not None:
            return known
        part, now = self.part, self._kernel.now
        top_k = self.int_knob("top_k")
        dense_ppm = recall.found(recall.DENSE_CEILING, recall.DENSE_HALF, top_k, reranked=reranked)
        dense_ppm = dense_ppm * reach_ppm // ONE * self.index.match_ppm() // ONE
        sparse_ppm = recall.found(recall.SPARSE_CEILING, recall.SPARSE_HALF, top_k, reranked=reranked) if sparse else 0
        sparse_ppm = sparse_ppm * self.sparse.covered_ppm() // ONE
        made = recall.ground(
            dense_ppm, sparse_ppm, updated_share=part.updated_share,
            new_to_dense=recall.too_new(self.index.lag_us(now), part.fresh_share, part.fresh_window),
            new_to_sparse=recall.too_new(self.sparse.lag_us(now), part.fresh_share, part.fresh_window),
        )  # fmt: skip
        ungrounded, stale = made.ungrounded_ppm, made.stale_ppm
        if reason and self.int_knob("label_degraded"):
            ungrounded = ungrounded * recall.LABELLED_UNGROUNDED // ONE
        if self.int_knob("freshness_label"):
            stale = stale * recall.LABELLED_STALE // ONE
        made = recall.Grounding(recall_ppm=made.recall_ppm, ungrounded_ppm=ungrounded, stale_ppm=stale)
        self._groundings[key] = made
        return made

    # -- a question's way -----------------------------------------------------------------------------------

    def enter(self, attempt: Attempt) -> None:
        """Take an attempt: embed its question."""
        query = Query(attempt, self._kernel.now)
        query.sparse = self._asks_sparse()
        if not query.sparse:
            query.reason = "dense_only"
        self._live[attempt] = query
        now = self._kernel.now
        tokens = min(attempt.prompt, ENCODE_TOKENS)
        encode = self._vary(0, query, ENCODE_US + ENCODE_TOKEN_US * tokens) * (2 if self.index.dual else 1)
        if not self.encoder.submit(query, encode + (-now) % BATCH_US, self._embedded):
            self._log.warn("encoder", "embedding request rejected: queue full", {"queued": self.encoder.queued})
            self._without_dense(query)

    def leave(self, attempt: Attempt) -> None:
        """Forget an attempt whose client hung up."""
        query = self._live.pop(attempt, None)
        if query is not None:
            query.gone = True
            self._cancel(query)

    def _vary(self, part: int, query: Query, typical_us: int) -> int:
        return typical_us * self._spread[part].pick(query.key, SPREAD) // ONE

    def _cancel(self, query: Query) -> None:
        for station in (self.encoder, self._sparse_search, self.reranker, *(s.station for s in query.where)):
            station.cancel(query)

    def _embedded(self, query: Query, now: int) -> None:
        self.metrics.embed(now - query.began_us)
        query.began_us = now
        partition = self._partition(query.attempt.request.tenant.number)
        query.asked = len(partition)
        for shard in partition:
            if shard.serving and shard.station.submit(query, self._vary(1, query, SEARCH_US), self._searched):
                query.pending += 1
                query.where.append(shard)
            else:
                self._shard_error(shard)
        if query.pending < query.asked:
            query.reason = "partial"
            if query.pending == 0 or self._needs_all():
                self._without_dense(query)

    def _shard_error(self, shard: Shard) -> None:
        self.metrics.errors[shard.id].value += 1
        self._log.warn(
            shard.id, f"fail to search on all shard leaders: no available shard delegator for {shard.id}",
            {"shard": shard.id, "consistency": self.text_knob("consistency")},
        )  # fmt: skip

    def _searched(self, query: Query, now: int) -> None:
        query.pending -= 1
        query.answered += 1
        if query.pending == 0:
            self._fuse(query)

    def _shard_lost(self, queries: list[Query]) -> None:
        for query in queries:
            query.pending -= 1
            query.reason = "partial"
            if self._needs_all():
                self._without_dense(query)
            elif query.pending == 0:
                self._fuse(query)

    def _without_dense(self, query: Query) -> None:
        """Go on as `fallback_mode` says for a question whose dense search failed."""
        mode = self.text_knob("fallback_mode")
        attempt = query.attempt
        self._cancel(query)
        query.pending = query.answered = 0
        if mode == "fail" and self.text_knob("consistency") == "all":
            del self._live[attempt]
            self._mark(query)
            self._gateway.failed(attempt, 503, "retrieval: dense search unavailable")
        elif mode == "none" or not query.sparse:
            query.reason = "none"
            query.sparse = False
            self._finish(query, reranked=False)
        else:
            query.reason = "sparse_only"
            if not self._sparse_search.submit(query, self._vary(1, query, BM25_US), self._sparse_found):
                query.reason, query.sparse = "none", False
                self._finish(query, reranked=False)

    def _sparse_found(self, query: Query, now: int) -> None:
        self._fuse(query)

    def _fuse(self, query: Query) -> None:
        now = self._kernel.now
        self.metrics.search(now - query.began_us)
        query.began_us = now
        if not self.int_knob("reranker") or not (query.answered or query.sparse):
            self._finish(query, reranked=False)
            return
        budget = self.int_knob("rerank_budget")
        station = self.reranker
        service = self._vary(2, query, PAIRS_US + PAIR_US * self.int_knob("top_k") * recall.OVERSAMPLING)
        waits = station.busy >= station.servers
        if not station.submit(query, service, self._reranked):
            self._missed(query)
            return
        query.reranking = True
        if waits or service * self.upkeep.rerank_slowdown_ppm // ONE > budget:
            self._kernel.after(budget, self._out_of_budget, query)

    def _reranked(self, query: Query, now: int) -> None:
        query.reranking = False
        self.metrics.rerank(now - query.began_us)
        self._finish(query, reranked=True)

    def _out_of_budget(self, call: Call) -> None:
        query: Query = call.argument
        if query.reranking and not query.gone:
            self.reranker.cancel(query)
            query.reranking = False
            self.metrics.rerank(self._kernel.now - query.began_us)
            self._missed(query)

    def _missed(self, query: Query) -> None:
        self.metrics.rerank_timeouts.value += 1
        self._log.warn("rerank", "rerank deadline exceeded, returning candidates in fused order",
                       {"budget_ms": self.int_knob("rerank_budget") // 1_000})  # fmt: skip
        self._finish(query, reranked=False)

    def _finish(self, query: Query, *, reranked: bool) -> None:
        attempt = query.attempt
        del self._live[attempt]
        reach = query.answered * ONE // query.asked if query.asked else 0
        reason = query.reason
        if not reason and self.index.served != "live":
            reason = "snapshot"
        made = self._ground(reach, sparse=query.sparse, reranked=reranked, reason=reason)
        if reason:
            self.metrics.degraded[reason].value += 1
        if reach or query.sparse:
            attempt.lengthen(self.int_knob("top_k") * self.part.passage_tokens)
        else:
            self.metrics.empty[attempt.request.tenant.id].value += 1
        if made.ungrounded_ppm:
            attempt.spoil(UNGROUNDED, made.ungrounded_ppm)
        if made.stale_ppm:
            attempt.spoil(STALE, made.stale_ppm)
        self.metrics.total(self._kernel.now - query.entered_us)
        self._mark(query)
        self._gateway.passed(attempt)

    def _mark(self, query: Query) -> None:
        marks = query.attempt.marks
        if marks is not None:
            marks.append((self.id, query.entered_us, self._kernel.now))
