"""Faults of retrieval: a shard without a leader, a lagging index, mixed embedding versions, a slow reranker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from incidentsim.world.faults.base import Fault
from incidentsim.world.stack.retrieval.upkeep import LAGGING_US, TICK_US

if TYPE_CHECKING:
    from incidentsim.world.stack.retrieval import Retrieval, Shard

_FULL: Final = 1_000_000


class PartitionDown(Fault):
    """A shard's leader loses its segments, once each time it starts."""

    _hit = False

    @property
    def _shard(self) -> Shard:
        shard: Any = self.stack.components[self.component]
        return shard  # type: ignore[no-any-return]

    def apply(self, strength_ppm: int) -> None:
        """Take the leader away, or give it back."""
        if strength_ppm > 0 and not self._hit:
            self._hit = True
            self._shard.lose_leader()
        elif strength_ppm == 0 and self._hit:
            self._hit = False
            self._shard.recover()

    @property
    def removed(self) -> bool:
        """Whether the shard has a leader again, by whatever means, and keeps it."""
        return self.started and self._shard.serving and (self.ended or not self.params.get("every", 0))


class _OfRetrieval(Fault):
    @property
    def _retrieval(self) -> Retrieval:
        retrieval: Any = self.stack.components[self.component]
        return retrieval  # type: ignore[no-any-return]


class IndexLag(_OfRetrieval):
    """The sparse index's consumers lose speed."""

    _put_back = False

    def apply(self, strength_ppm: int) -> None:
        """Throttle them."""
        sparse = self._retrieval.sparse
        sparse.throttle_ppm = self.params["throttle"] * strength_ppm // _FULL
        behind = self.params.get("behind", 0)
        if strength_ppm > 0 and behind and not self._put_back:
            self._put_back = True
            sparse.fall_behind(self.stack.kernel.now, behind, TICK_US)

    @property
    def removed(self) -> bool:
        """Whether the throttle is gone, or the consumers have caught up and keep up in spite of it."""
        sparse = self._retrieval.sparse
        caught_up = sparse.keeps_up and sparse.lag_us(self.stack.kernel.now) <= LAGGING_US
        return super().removed or (self.started and caught_up)


class MixedEmbeddings(_OfRetrieval):
    """The refresh job runs with another version than the questions' encoder."""

    def apply(self, strength_ppm: int) -> None:
        """Configure the job's version and speed; without the fault it goes back to the first version."""
        index = self._retrieval.index
        first, other = index.revisions
        if strength_ppm > 0:
            index.configured = other
            index.refresh_rate = max(1, self.params["rate"] * strength_ppm // _FULL)
        else:
            index.configured = first

    @property
    def removed(self) -> bool:
        """Whether no document gets a vector any more that questions can't be compared with."""
        return self.started and not self._retrieval.index.mixing()


class SlowReranker(_OfRetrieval):
    """The reranker's service time grows."""

    def apply(self, strength_ppm: int) -> None:
        """Set its factor."""
        retrieval = self._retrieval
        factor = _FULL + (self.params["slowdown"] - _FULL) * strength_ppm // _FULL
        retrieval.upkeep.rerank_slowdown_ppm = factor
        retrieval.reranker.set_factor_ppm(factor)
