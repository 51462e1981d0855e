"""The engine iteration by iteration: slow, plain, and the oracle of `incidentsim.world.stack.replica`.

One kernel event per iteration and O(batch) work in each. It takes any step-time function, so it also runs
the tabulated step times of recorded runs, which have no closed form.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from incidentsim.world.kernel import STEP_END, Call, Kernel
from incidentsim.world.stack.replica import FINE
from incidentsim.world.stack.running import WATERMARK_DIVISOR
from incidentsim.world.stack.sequence import NEVER, Sequence
from incidentsim.world.stack.step_model import BLOCK_TOKENS, StepModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one iteration processes: n decodes over kv context tokens, and prefill chunks (prior, m)."""

    n: int
    kv: int
    chunks: tuple[tuple[int, int], ...]


def closed_form(model: StepModel) -> Callable[[Batch], int]:
    """Return the step time in ps by the same formula as the macro engine."""

    def step_ps(batch: Batch) -> int:
        prefill = attention = 0
        for prior, m in batch.chunks:
            prefill += m
            attention += m * (2 * prior + m)
        return model.base_ps(batch.n, prefill) + model.c * batch.kv + model.e * attention

    return step_ps


class NaiveReplica:
    """Same semantics and callbacks as Replica; `processed` of a sequence is 0 while it prefills."""

    def __init__(
        self, kernel: Kernel, step_ps: Callable[[Batch], int], *, blocks: int, max_num_seqs: int, budget: int,
        on_first: Callable[[Sequence, int], None], on_finish: Callable[[Sequence, int], None], reserve: bool = False,
    ) -> None:  # fmt: skip
        self.kernel = kernel
        self.step_ps = step_ps
        self.free = blocks
        self.watermark = blocks // WATERMARK_DIVISOR
        self.max_num_seqs = max_num_seqs
        self.budget = budget
        self.on_first, self.on_finish = on_first, on_finish
        self.reserve = reserve
        self.factor = 1_000_000
        self.waiting: deque[Sequence] = deque()
        self.decoding: list[Sequence] = []
        self.prefilling: list[Sequence] = []
        self.processed: dict[int, int] = {}
        self.aborts: list[Sequence] = []
        self.busy = False
        self.iterations = self.preemptions = 0
        self._batch: list[tuple[Sequence, int]] = []
        self._end_fine = 0

    def submit(self, sequence: Sequence) -> None:
        """Queue a sequence."""
        sequence.waiting = True
        self.waiting.append(sequence)
        if not self.busy:
            self._begin(self.kernel.now * FINE)

    def cancel(self, sequence: Sequence) -> None:
        """Abort: at once when waiting, else at the end of the iteration."""
        if sequence.gone or sequence.finished_us != NEVER:
            return
        sequence.gone = True
        if sequence.waiting:
            self.waiting.remove(sequence)
        else:
            self.aborts.append(sequence)

    def set_factor(self, factor_ppm: int) -> None:
        """Apply a slowdown from the next iteration on."""
        self.factor = factor_ppm

    def _begin(self, start: int) -> None:
        batch: list[tuple[Sequence, int]] = []
        tokens = 0
        preempted = self.preemptions
        pool = sorted(self.decoding + self.prefilling, key=lambda q: q.id)
        still_prefilling: list[Sequence] = []
        visit, top = 0, len(pool)
        while visit < top:
            q = pool[visit]
            visit += 1
            if not self.processed[q.id]:
                still_prefilling.append(q)
                continue
            survived = True
            while self.free < 1:
                if visit < top:
                    top -= 1
                    self._preempt(pool[top])
                else:
                    self._preempt(q)
                    survived = False
                    break
            if not survived:
                continue
            if self.processed[q.id] > q.blocks * BLOCK_TOKENS:
                q.blocks += 1
                self.free -= 1
            tokens += 1
            batch.append((q, 1))
        stalled = False
        for q in still_prefilling:
            m = min(q.p - q.done, self.budget - tokens) if not q.waiting else 0
            if m <= 0:
                continue
            if not self.reserve:
                more = -(-(q.done + m) // BLOCK_TOKENS) - q.blocks
                later = [x for x in self.prefilling if x.id > q.id]
                while self.free < more and later:
                    self._preempt(later.pop())
                if self.free < more:
                    stalled = True
                    break
                q.blocks += more
                self.free -= more
            tokens += m
            batch.append((q, m))
        may_admit = not stalled and (self.reserve or preempted == self.preemptions or not batch)
        while may_admit and self.waiting and len(self.decoding) + len(self.prefilling) < self.max_num_seqs:
            q = self.waiting[0]
            m = min(q.p, self.budget - tokens)
            blocks = -(-(q.p if self.reserve else m) // BLOCK_TOKENS)
            if self.free - blocks < self.watermark or m <= 0:
                break
            self.waiting.popleft()
            q.waiting = False
            q.blocks, q.done = blocks, 0
            self.processed[q.id] = 0
            self.free -= blocks
            self.prefilling.append(q)
            tokens += m
            batch.append((q, m))
        if not batch:
            self.busy = False
            return
        self.busy = True
        n = kv = 0
        chunks = []
        for q, m in batch:
            if self.processed[q.id]:
                n += 1
                kv += self.processed[q.id]
            else:
                chunks.append((q.done, m))
        self._batch = batch
        self._end_fine = start + self.step_ps(Batch(n=n, kv=kv, chunks=tuple(chunks))) * self.factor
        self.kernel.after(self._end_fine // FINE - self.kernel.now, self._end, None, STEP_END)

    def _end(self, _: Call) -> None:
        self.iterations += 1
        now = self.kernel.now
        finished = []
        for q, m in self._batch:
            if self.processed[q.id]:
                self.processed[q.id] += 1
            else:
                q.done += m
                if q.done == q.p:
                    self.processed[q.id] = q.p + 1
                    self.prefilling.remove(q)
                    self.decoding.append(q)
                    if q.first_us == NEVER:
                        q.first_us = now
                        if not q.gone:
                            self.on_first(q, now)
            if self.processed[q.id] == q.p + q.o:
                self.decoding.remove(q)
                self.free += q.blocks
                finished.append(q)
        for q in self.aborts:
            self._drop(q)
        self.aborts.clear()
        for q in finished:
            if not q.gone:
                q.finished_us = now
                q.gone = True
                self.on_finish(q, now)
        for q in self.aborts:
            self._drop(q)
        self.aborts.clear()
        self._begin(self._end_fine)

    def _drop(self, q: Sequence) -> None:
        for group in (self.decoding, self.prefilling):
            if q in group:
                group.remove(q)
                self.free += q.blocks

    def _preempt(self, q: Sequence) -> None:
        total = q.p + q.o
        if self.processed[q.id]:
            self.decoding.remove(q)
            q.p = self.processed[q.id]
        else:
            self.prefilling.remove(q)
            if self.reserve:
                q.p = q.done or q.p
        q.o = total - q.p
        self.free += q.blocks
        q.blocks = q.done = 0
        self.processed[q.id] = 0
        q.restarts += 1
        q.waiting = True
        self.preemptions += 1
        self.waiting.appendleft(q)
