"""Who is in one engine: its queue, its batch, and the counters from which macro steps are computed.

`replica` schedules and keeps time; here sequences leave: finished, aborted, or preempted by recompute when KV
blocks run out.

All decoding sequences advance together: the token clock counts decode iterations of this engine, and a sequence
that begins to decode at clock C with o outputs finishes at C + o - 1. So a step of any length changes only
a few integers: the context sum, the clock, and the free blocks by way of the residue buckets (`macro_step`).
"""

from __future__ import annotations

from collections import deque
from heapq import heapify, heappop
from typing import Final

from incidentsim.world.stack.engine.macro_step import BLOCK_MASK, BLOCK_SHIFT
from incidentsim.world.stack.engine.prefix_cache import PrefixCache
from incidentsim.world.stack.engine.sequence import Sequence
from incidentsim.world.stack.engine.step_model import BLOCK_TOKENS

WATERMARK_DIVISOR: Final = 100
"""Share of KV blocks kept free when admitting: 1/100, vLLM's and Sarathi's default watermark."""


class RunningSet:
    """The sequences of one engine. Base of Replica, which alone changes them from step to step."""

    __slots__ = (
        "_aborts", "_buckets", "_cache", "_clock", "_context", "_free", "_heap", "_held", "_n", "_prefilling",
        "_waiting", "_waiting_gone", "blocks", "preemptions", "reserve", "watermark",
    )  # fmt: skip

    def __init__(self, *, blocks: int, reserve: bool, prefix_caching: bool) -> None:
        self.blocks = self._free = blocks
        self.watermark = blocks // WATERMARK_DIVISOR
        self.reserve = reserve
        self._cache = PrefixCache(blocks) if prefix_caching else None
        self.preemptions = 0
        self._waiting: deque[Sequence] = deque()
        self._waiting_gone = 0
        self._prefilling: list[Sequence] = []
        self._heap: list[tuple[int, int, Sequence]] = []
        self._buckets = [0] * BLOCK_TOKENS
        self._aborts: list[Sequence] = []
        self._n = self._context = self._clock = self._held = 0

    @property
    def running(self) -> int:
        """Sequences that hold KV blocks (prefilling and decoding)."""
        return self._held

    @property
    def queued(self) -> int:
        """Sequences waiting for admission."""
        return len(self._waiting) - self._waiting_gone

    @property
    def prefix_queries(self) -> int:
        """Prompt tokens looked up in the prefix cache, at first admissions; 0 without one."""
        return self._cache.queries if self._cache is not None else 0

    @property
    def prefix_hits(self) -> int:
        """Tokens of these that were found."""
        return self._cache.hits if self._cache is not None else 0

    def _drop_everyone(self) -> list[Sequence]:
        """Forget all sequences; return the live ones, running ones first, by id."""
        lost = [q for _, _, q in self._heap if q.decoding and not q.gone]
        lost += [q for q in self._prefilling if not q.gone]
        lost.sort(key=_by_id)
        lost += [q for q in self._waiting if not q.gone]
        for q in lost:
            q.gone = True
            q.hold = None
        if self._cache is not None:
            self._cache.clear()
        self._waiting.clear()
        self._prefilling.clear()
        self._heap.clear()
        self._aborts.clear()
        self._buckets = [0] * BLOCK_TOKENS
        self._free = self.blocks
        self._n = self._context = self._held = self._waiting_gone = 0
        return lost

    def _drop_gone_heads(self) -> None:
        waiting = self._waiting
        while waiting and waiting[0].gone:
            waiting.popleft()
            self._waiting_gone -= 1

    def _leave_decode(self, q: Sequence, taken: int = 0) -> int:
        """Take a decoding sequence out of the batch and free its blocks; return its processed tokens.

        `taken` are blocks that others got since `_free` was brought up to date.
        """
        written = q.p + self._clock - q.clock_at_decode
        blocks = (written + BLOCK_MASK) >> BLOCK_SHIFT
        cache = self._cache
        if cache is None:
            self._free += blocks
        else:
            self._free += cache.name_blocks(q, written >> BLOCK_SHIFT, self._free - taken)
            self._free += cache.leave(q, blocks)
        self._n -= 1
        self._context -= written + 1
        self._buckets[q.residue] -= 1
        self._held -= 1
        q.decoding = False
        return written + 1

    def _leave_prefill(self, q: Sequence) -> None:
        """Take a sequence out of prefill and free its blocks."""
        self._prefilling.remove(q)
        self._free += q.blocks if self._cache is None else self._cache.leave(q, q.blocks)
        self._held -= 1

    def _end_aborts(self) -> None:
        for q in self._aborts:
            if q.decoding:
                self._leave_decode(q)
            elif q in self._prefilling:
                self._leave_prefill(q)
        self._aborts.clear()
        heap = self._heap
        while heap and not heap[0][2].decoding:
            heappop(heap)

    def _relieve(self) -> None:
        """Preempt last-arrived sequences until every decoding one has a block; exact, O(running)."""
        clock = self._clock
        pool = [q for _, _, q in self._heap if q.decoding] + self._prefilling
        pool.sort(key=_by_id)
        visit, top = 0, len(pool)
        taken = 0
        while visit < top:
            q = pool[visit]
            visit += 1
            if not q.decoding:
                continue
            survived = True
            while self._free - taken < 1:
                if visit < top:
                    top -= 1
                    self._preempt(pool[top], taken)
                else:
                    self._preempt(q, taken)
                    survived = False
                    break
            if survived and (clock - q.residue) & BLOCK_MASK == 0:
                taken += 1
        self._heap = [entry for entry in self._heap if entry[2].decoding and entry[0] == entry[2].finish_clock]
        heapify(self._heap)

    def _preempt(self, q: Sequence, taken: int) -> None:
        """Send a running sequence back to the head of the queue; its tokens so far become its prompt."""
        total = q.p + q.o
        if q.decoding:
            q.p = self._leave_decode(q, taken)
        else:
            self._leave_prefill(q)
            if self.reserve:
                q.p = q.done or q.p  # as recorded runs of Vidur do: what was prefilled becomes the prompt
        q.o = total - q.p
        q.blocks = q.done = 0
        q.restarts += 1
        q.waiting = True
        self.preemptions += 1
        self._waiting.appendleft(q)


def _by_id(sequence: Sequence) -> int:
    return sequence.id
