"""One inference engine: continuous batching, chunked prefill, paged KV cache, preemption by recompute.

Two ways to take KV blocks for a prompt. vLLM V1 (the default): chunk by chunk as the prefill goes on, so that
many long prompts may begin that can't all end; a prompt in progress that finds no block takes those of prompts
that arrived later, else it stalls; nothing is admitted in a step in which something was preempted (unless
nothing else runs) or stalled. Sarathi (`reserve`): all blocks of the prompt at admission. Decodes go before
prefills in both.

Between changes of the batch's composition, k decode iterations are one event (a macro step), so that work per
event is O(1) in the batch size. `incidentsim.bench.naive` does the same iteration by iteration and is the
oracle: both give identical integers.

Inside a macro step all decoding sequences advance together (`macro_step`): the token clock counts decode
iterations of this engine, and a sequence that begins to decode at clock C with o outputs finishes at C + o - 1.
Time inside is kept in units of 10^-18 s (picoseconds times the ppm of the slowdown factor), exactly; kernel
events are at the microsecond that contains the end of the step, and the remainder is carried.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush

from incidentsim.world.kernel import STEP_END, Call, Kernel
from incidentsim.world.stack.macro_step import (
    BLOCK_MASK,
    blocks_grown,
    blocks_taken,
    completed,
    duration,
    iterations_with_room,
)
from incidentsim.world.stack.sequence import NEVER, Sequence
from incidentsim.world.stack.step_model import BLOCK_TOKENS, StepModel

FINE = 10**12
"""Fine time units (picoseconds times ppm) in a microsecond."""

WATERMARK_DIVISOR = 100
"""Share of KV blocks kept free when admitting: 1/100, vLLM's and Sarathi's default watermark."""

class Replica:
    """A running engine. States: idle, or busy with one macro step.

    `on_first(sequence, now)` and `on_finish(sequence, now)` are called at the end of a step. Callers must
    not submit sequences whose prompt plus output exceed the KV cache less its watermark: they could never run.
    """

    __slots__ = (
        "_aborts", "_base", "_batch", "_buckets", "_busy", "_clock", "_context", "_factor", "_free", "_heap",
        "_held", "_iterations", "_k", "_kernel", "_model", "_n", "_prefilling", "_slope", "_start", "_version",
        "_waiting", "_waiting_gone", "blocks", "budget", "decode_tokens", "max_num_seqs", "on_finish", "on_first",
        "preemptions", "prefill_tokens", "reserve", "watermark",
    )  # fmt: skip

    def __init__(
        self, kernel: Kernel, model: StepModel, *, blocks: int, max_num_seqs: int, budget: int,
        on_first: Callable[[Sequence, int], None], on_finish: Callable[[Sequence, int], None], reserve: bool = False,
    ) -> None:  # fmt: skip
        self._kernel = kernel
        self._model = model
        self.blocks = self._free = blocks
        self.watermark = blocks // WATERMARK_DIVISOR
        self.max_num_seqs = max_num_seqs
        self.budget = budget
        self.on_first = on_first
        self.on_finish = on_finish
        self.reserve = reserve
        self._factor = 1_000_000
        self._waiting: deque[Sequence] = deque()
        self._waiting_gone = 0
        self._prefilling: list[Sequence] = []
        self._heap: list[tuple[int, int, Sequence]] = []
        self._buckets = [0] * BLOCK_TOKENS
        self._batch: list[tuple[Sequence, int]] | None = None
        self._aborts: list[Sequence] = []
        self._n = self._context = self._clock = self._held = 0
        self._busy = False
        self._version = self._start = self._k = self._base = self._slope = 0
        self._iterations = 0
        self.preemptions = self.prefill_tokens = self.decode_tokens = 0

    # -- what others may do ---------------------------------------------------------------------------------

    def submit(self, sequence: Sequence) -> None:
        """Queue a sequence; it may join the batch at the end of the iteration in progress."""
        waiting = self._waiting
        sequence.waiting = True
        waiting.append(sequence)
        if not self._busy:
            self._begin(self._kernel.now * FINE)
        elif len(waiting) == 1 and self._k > 1 and self._admissible(sequence):
            self.cut()

    def cancel(self, sequence: Sequence) -> None:
        """Abort a sequence: at once when it waits, else at the end of the iteration in progress."""
        if sequence.gone or sequence.finished_us != NEVER:
            return
        sequence.gone = True
        if sequence.waiting:
            self._waiting_gone += 1
            if self._waiting and self._waiting[0] is sequence:
                self._drop_gone_heads()
                self.cut()
        else:
            self._aborts.append(sequence)
            self.cut()

    def set_factor(self, factor_ppm: int) -> None:
        """Make later iterations take `factor_ppm` / 10^6 of the model's time (throttling, jitter)."""
        if factor_ppm != self._factor:
            self._factor = factor_ppm
            self.cut()

    def cut(self) -> None:
        """End the macro step after the iteration in progress. Changes no result, only where events fall."""
        if not self._busy or self._k <= 1:
            return
        done = self._completed(self._kernel.now)
        if done + 1 < self._k:
            self._k = done + 1
            self._version += 1
            self._schedule()

    def kill(self) -> list[Sequence]:
        """Drop everything and stop; return the live sequences, running ones first, by id."""
        lost = [q for _, _, q in self._heap if q.decoding and not q.gone]
        lost += [q for q in self._prefilling if not q.gone]
        lost.sort(key=_by_id)
        queued = [q for q in self._waiting if not q.gone]
        for q in lost + queued:
            q.gone = True
        self._waiting.clear()
        self._prefilling.clear()
        self._heap.clear()
        self._aborts.clear()
        self._buckets = [0] * BLOCK_TOKENS
        self._batch = None
        self._free = self.blocks
        self._n = self._context = self._held = self._waiting_gone = 0
        self._busy = False
        self._version += 1
        return lost + queued

    # -- what others may read, interpolated inside a macro step ---------------------------------------------

    @property
    def running(self) -> int:
        """Sequences that hold KV blocks (prefilling and decoding)."""
        return self._held

    @property
    def queued(self) -> int:
        """Sequences waiting for admission."""
        return len(self._waiting) - self._waiting_gone

    @property
    def busy(self) -> bool:
        """Whether a step is in progress."""
        return self._busy

    def used_blocks(self) -> int:
        """KV blocks in use now, those that the iteration in progress took included."""
        used = self.blocks - self._free
        return used + blocks_taken(self._progress() + 1, self._n, self._clock, self._buckets) if self._busy else used

    def generated(self) -> int:
        """Tokens generated by decode steps so far, including the step in progress."""
        return self.decode_tokens + self._progress() * self._n

    def iterations(self) -> int:
        """Engine iterations completed so far."""
        return self._iterations + self._progress()

    def state(self) -> tuple[int, ...]:
        """Return the integers that define the engine's state, for the `dyn` digest."""
        return (
            self._n, self._context, self._clock, self._free, self._held, len(self._waiting), self._k, self._base,
            self._start, self._version, self._iterations, self.preemptions, self.prefill_tokens, self._factor,
        )  # fmt: skip

    # -- macro steps ----------------------------------------------------------------------------------------

    def _admissible(self, sequence: Sequence) -> bool:
        """Whether it may be worth a cut: False only when the sequence can't be admitted before the step's end."""
        room = self.budget - self._n
        if self._held >= self.max_num_seqs or room <= 0:
            return False
        tokens = sequence.p if self.reserve else min(sequence.p, room)
        return self._free + (-tokens // BLOCK_TOKENS) >= self.watermark

    def _drop_gone_heads(self) -> None:
        waiting = self._waiting
        while waiting and waiting[0].gone:
            waiting.popleft()
            self._waiting_gone -= 1

    def _completed(self, now: int) -> int:
        """Iterations of the current macro step that have ended by the end of microsecond `now`."""
        return completed((now + 1) * FINE - self._start, self._base, self._slope)

    def _progress(self) -> int:
        if not self._busy or self._k <= 1:
            return 0
        return min(self._completed(self._kernel.now), self._k - 1)

    def _schedule(self) -> None:
        end = self._start + duration(self._k, self._base, self._slope)
        kernel = self._kernel
        kernel.after(end // FINE - kernel.now, self._end, self._version, STEP_END)

    def _begin(self, start: int) -> None:
        """Form the next batch and schedule its end. `start` is exact, in fine units."""
        n = self._n
        needed = 0
        preempted = self.preemptions
        if n:
            needed = self._buckets[self._clock & BLOCK_MASK]
            if self._free - needed < 1:
                self._relieve()
                n = self._n
                needed = self._buckets[self._clock & BLOCK_MASK]
        room = self.budget - n
        batch: list[tuple[Sequence, int]] = []
        stalled = False
        if self._prefilling:
            room, stalled = self._continue_prefills(batch, room, needed)
        calm = self.preemptions == preempted
        if not stalled and (calm or self.reserve or not (n or batch)):
            self._admit(batch, room, needed)
        prefill = attention = 0
        for q, m in batch:
            prefill += m
            attention += m * (2 * q.done + m)
        if not n and not batch:
            self._busy = False
            return
        self._busy = True
        self._batch = batch or None
        self._start = start
        model, factor = self._model, self._factor
        self._base = (model.base_ps(n, prefill) + model.c * self._context + model.e * attention) * factor
        self._slope = model.c * n * factor
        self._k = 1 if batch or not calm else self._iterations_ahead(n)
        self._version += 1
        self._schedule()

    def _continue_prefills(
        self, batch: list[tuple[Sequence, int]], room: int, needed: int
    ) -> tuple[int, bool]:  # fmt: skip
        """Give prompts in progress their next chunks, in order; return the room left and whether one stalled."""
        prefilling = self._prefilling
        i = 0
        while i < len(prefilling):
            q = prefilling[i]
            i += 1
            m = q.p - q.done
            m = min(m, room)
            if m <= 0:
                break
            if not self.reserve:
                more = -(-(q.done + m) // BLOCK_TOKENS) - q.blocks
                while self._free - needed < more and len(prefilling) > i:
                    self._preempt(prefilling[-1])
                if self._free - needed < more:
                    return room, True
                q.blocks += more
                self._free -= more
            room -= m
            batch.append((q, m))
        return room, False

    def _admit(self, batch: list[tuple[Sequence, int]], room: int, needed: int) -> None:
        """Let waiting sequences in, first come first served, while sequences, tokens and blocks allow."""
        waiting = self._waiting
        while waiting and room > 0 and self._held < self.max_num_seqs:
            q = waiting[0]
            if q.gone:
                self._drop_gone_heads()
                continue
            m = q.p if q.p < room else room
            blocks = -(-(q.p if self.reserve else m) // BLOCK_TOKENS)
            if self._free - needed - blocks < self.watermark:
                break
            waiting.popleft()
            q.waiting = False
            q.blocks = blocks
            q.done = 0
            if q.admitted_us == NEVER:
                q.admitted_us = self._kernel.now
            self._free -= blocks
            self._held += 1
            self._prefilling.append(q)
            room -= m
            batch.append((q, m))

    def _iterations_ahead(self, n: int) -> int:
        """Iterations until the next finish, or until free blocks might run out, whichever is first."""
        k = self._heap[0][0] - self._clock
        if self._free <= n * (k // BLOCK_TOKENS + 1):
            return iterations_with_room(k, self._free, self._clock, self._buckets)
        return k

    def _end(self, call: Call) -> None:
        if call.argument != self._version:
            return
        k, n = self._k, self._n
        kernel = self._kernel
        now = kernel.now
        end = self._start + duration(k, self._base, self._slope)
        self._iterations += k
        if n:
            clock, buckets = self._clock, self._buckets
            self._free -= buckets[clock & BLOCK_MASK] if k == 1 else blocks_taken(k, n, clock, buckets)
            self._clock += k
            self._context += k * n
            self.decode_tokens += k * n
        finished: list[Sequence] = []
        if self._batch:
            self._end_prefills(self._batch, now, finished)
            self._batch = None
        heap, clock = self._heap, self._clock
        while heap and heap[0][0] <= clock:
            q = heappop(heap)[2]
            if q.decoding and q.finish_clock == clock:
                self._leave_decode(q)
                finished.append(q)
        self._drop_stale()
        if self._aborts:
            self._end_aborts()
        # callbacks may submit, cancel or kill: the engine must look busy, and not restart twice
        self._version = version = self._version + 1
        self._k = 1
        for q in finished:
            if not q.gone:
                q.finished_us = now
                q.gone = True
                self.on_finish(q, now)
        if self._version == version and self._busy:
            if self._aborts:
                self._end_aborts()
            self._begin(end)

    def _end_prefills(self, batch: list[tuple[Sequence, int]], now: int, finished: list[Sequence]) -> None:
        completed = 0
        for q, m in batch:
            q.done += m
            self.prefill_tokens += m
            if q.done < q.p:
                continue
            completed += 1
            if q.first_us == NEVER:
                q.first_us = now
                if not q.gone:
                    self.on_first(q, now)
            if q.o == 1:
                self._free += q.blocks
                self._held -= 1
                finished.append(q)
            else:
                clock = self._clock
                self._n += 1
                self._context += q.p + 1
                q.finish_clock = clock + q.o - 1
                q.clock_at_decode = clock
                q.residue = (clock + q.blocks * BLOCK_TOKENS - q.p) & BLOCK_MASK
                self._buckets[q.residue] += 1
                q.decoding = True
                heappush(self._heap, (q.finish_clock, q.id, q))
        if completed:
            # prefills complete in order, but a full budget may leave gaps only at the tail
            self._prefilling = [q for q in self._prefilling if q.done < q.p]

    def _leave_decode(self, q: Sequence) -> int:
        """Take a decoding sequence out of the batch and free its blocks; return its processed tokens."""
        steps = self._clock - q.clock_at_decode
        processed = q.p + 1 + steps
        self._free += q.blocks + blocks_grown(steps, q.blocks * BLOCK_TOKENS - q.p)
        self._n -= 1
        self._context -= processed
        self._buckets[q.residue] -= 1
        self._held -= 1
        q.decoding = False
        return processed

    def _end_aborts(self) -> None:
        for q in self._aborts:
            if q.decoding:
                self._leave_decode(q)
            elif q in self._prefilling:
                self._prefilling.remove(q)
                self._free += q.blocks
                self._held -= 1
        self._aborts.clear()
        self._drop_stale()

    def _drop_stale(self) -> None:
        heap = self._heap
        while heap and not heap[0][2].decoding:
            heappop(heap)

    def _relieve(self) -> None:
        """Preempt last-arrived sequences until every decoding one has a block; exact, O(running)."""
        clock = self._clock
        pool = [q for _, _, q in self._heap if q.decoding] + self._prefilling
        pool.sort(key=_by_id)
        visit, top = 0, len(pool)
        free = self._free
        while visit < top:
            q = pool[visit]
            visit += 1
            if not q.decoding:
                continue
            survived = True
            while free < 1:
                if visit < top:
                    top -= 1
                    free += self._preempt(pool[top])
                else:
                    free += self._preempt(q)
                    survived = False
                    break
            if survived and (clock - q.residue) & BLOCK_MASK == 0:
                free -= 1
        self._heap = [entry for entry in self._heap if entry[2].decoding and entry[0] == entry[2].finish_clock]
        heapify(self._heap)

    def _preempt(self, q: Sequence) -> int:
        """Send a running sequence back to the head of the queue; return the blocks it freed."""
        before = self._free
        total = q.p + q.o
        if q.decoding:
            q.p = self._leave_decode(q)
        else:
            self._prefilling.remove(q)
            self._free += q.blocks
            self._held -= 1
            if self.reserve:
                q.p = q.done or q.p  # as recorded runs of Vidur do: what was prefilled becomes the prompt
        q.o = total - q.p
        q.blocks = q.done = 0
        q.restarts += 1
        q.waiting = True
        self.preemptions += 1
        self._waiting.appendleft(q)
        return self._free - before


def _by_id(sequence: Sequence) -> int:
    return sequence.id
