"""One inference engine: continuous batching, chunked prefill, paged KV cache, preemption by recompute.

Two ways to take KV blocks for a prompt. vLLM V1 (the default): chunk by chunk as the prefill goes on, so that
many long prompts may begin that can't all end; a prompt in progress that finds no block takes those of prompts
that arrived later, else it stalls; nothing is admitted in a step in which something was preempted (unless
nothing else runs) or stalled. Sarathi (`reserve`): all blocks of the prompt at admission. Decodes go before
prefills in both.

Between changes of the batch's composition, k decode iterations are one event (a macro step): work per event is
O(1) in the batch size. `incidentsim.bench.naive` goes iteration by iteration and is the oracle: equal integers.

Time inside a macro step is kept in units of 10^-18 s (picoseconds times the ppm of the slowdown factor), exactly;
kernel events are at the microsecond that contains the end of the step, and the remainder is carried. Steps end
tens of thousands of times per second of wall time, so `_begin` and `_end` are written out where a call would cost
as much as what it does.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

from incidentsim.world.call import Call, call_to
from incidentsim.world.kernel import STEP_END, Kernel
from incidentsim.world.stack.engine.macro_step import (
    BLOCK_MASK,
    BLOCK_SHIFT,
    blocks_taken,
    in_progress,
    iterations_with_room,
)
from incidentsim.world.stack.engine.prefix_cache import ENDLESS, extents_of
from incidentsim.world.stack.engine.running import RunningSet
from incidentsim.world.stack.engine.sequence import NEVER, Prefix, Sequence
from incidentsim.world.stack.engine.step_model import BLOCK_TOKENS, StepModel

FINE: Final = 10**12
"""Fine time units (picoseconds times ppm) in a microsecond."""


class Replica(RunningSet):
    """A running engine. States: idle, or busy with one macro step.

    `on_first(sequence, now)` and `on_finish(sequence, now)` are called at the end of a step. Callers must
    not submit sequences whose prompt plus output exceed the KV cache less its watermark: they could never run.
    """

    __slots__ = (
        "_base", "_batch", "_busy", "_call", "_end_fine", "_end_us", "_factor", "_iterations", "_k", "_kernel",
        "_model", "_slope", "_spare", "_start", "_version", "budget", "decode_tokens", "max_num_seqs", "on_finish",
        "on_first", "prefill_tokens",
    )  # fmt: skip

    def __init__(
        self, kernel: Kernel, model: StepModel, *, blocks: int, max_num_seqs: int, budget: int,
        on_first: Callable[[Sequence, int], None], on_finish: Callable[[Sequence, int], None], reserve: bool = False,
        prefix_caching: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(blocks=blocks, reserve=reserve, prefix_caching=prefix_caching)
        self._kernel = kernel
        self._model = model
        self.max_num_seqs = max_num_seqs
        self.budget = budget
        self.on_first = on_first
        self.on_finish = on_finish
        self._factor = 1_000_000
        self._batch: list[tuple[Sequence, int]] | None = None
        self._busy = False
        self._version = self._start = self._k = self._base = self._slope = self._end_fine = self._end_us = 0
        self._call = call_to(self._end)
        self._spare: Call | None = None
        self._iterations = self.prefill_tokens = self.decode_tokens = 0

    # -- what others may do ---------------------------------------------------------------------------------

    def submit(self, sequence: Sequence) -> None:
        """Queue a sequence; it may join the batch at the end of the iteration in progress.

        Raises UsageError when its prefix does not fit its prompt.
        """
        if sequence.prefix is not None:
            sequence.extents = extents_of(sequence.prefix, sequence.prompt)
        waiting = self._waiting
        sequence.waiting = True
        waiting.append(sequence)
        if not self._busy:
            now = self._kernel.now
            self._begin(now * FINE, now)
        elif self._k > 1 and len(waiting) == 1:
            # no cut when it can't be admitted before the step's end anyway
            room = self.budget - self._n
            if room > 0 and self._held < self.max_num_seqs:
                tokens = sequence.p if self.reserve or sequence.p < room else room
                if self._cache is not None:
                    tokens = 1  # at least: most of the prompt may be cached
                if self._free - ((tokens + BLOCK_MASK) >> BLOCK_SHIFT) >= self.watermark:
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
        start = self._start
        done, end = in_progress((self._kernel.now + 1) * FINE - start, self._base, self._slope)
        if done + 1 < self._k:
            self._k = done + 1
            self._version += 1
            self._end_fine = end = start + end
            self._end_us = end = end // FINE
            # the call on the queue for the old end is stale from here on
            self._call, self._spare = self._spare or call_to(self._end), None
            self._kernel.push(end, self._call, STEP_END)

    def reset_prefix_cache(self) -> None:
        """Forget all cached prefixes at once; what runs goes on, and shares nothing new."""
        if self._cache is not None:
            self._cache.reset()
            self.cut()  # a prompt that waited for free blocks of its prefix may need fewer now

    def kill(self) -> list[Sequence]:
        """Drop everything and stop; return the live sequences, running ones first, by id."""
        self._batch = None
        self._busy = False
        self._version += 1
        self._call = call_to(self._end)
        return self._drop_everyone()

    # -- what others may read, interpolated inside a macro step ---------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a step is in progress."""
        return self._busy

    def used_blocks(self) -> int:
        """KV blocks in use now, those that the iteration in progress took included."""
        used = self.blocks - self._free
        return used + blocks_taken(self._progress() + 1, self._n, self._clock, self._buckets) if self._busy else used

    def cached_tokens(self, prefix: Prefix) -> int:
        """Tokens of a prefix, from its front, that a prompt admitted now would find in the cache."""
        if self._cache is None:
            return 0
        blocks = prefix[-1][1] // BLOCK_TOKENS
        extents = extents_of(prefix, ENDLESS)
        return self._cache.find(extents, blocks, self.blocks - self.used_blocks())[0] * BLOCK_TOKENS

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
            *(self._cache.state() if self._cache is not None else ()),
        )  # fmt: skip

    # -- macro steps ----------------------------------------------------------------------------------------

    def _progress(self) -> int:
        """Iterations of the current macro step that have ended by the end of this microsecond."""
        if not self._busy or self._k <= 1:
            return 0
        elapsed = (self._kernel.now + 1) * FINE - self._start
        return min(in_progress(elapsed, self._base, self._slope)[0], self._k - 1)

    def _begin(self, start: int, now: int) -> None:
        """Form the next batch and schedule its end. `start` is exact, in fine units, `now` its microsecond."""
        n = self._n
        needed = 0
        preempted = self.preemptions
        if n:
            needed = self._buckets[self._clock & BLOCK_MASK]
            if self._free - needed < 1:
                self._relieve()
                n = self._n
                needed = self._buckets[self._clock & BLOCK_MASK]
        batch: list[tuple[Sequence, int]] | None = None
        calm = True
        prefill = attention = 0
        if self._prefilling or self._waiting:
            batch = []
            room = self.budget - n
            stalled = False
            if self._prefilling:
                room, stalled = self._continue_prefills(batch, room, needed)
            calm = self.preemptions == preempted
            if not stalled and (calm or self.reserve or not (n or batch)):
                self._admit(batch, room, needed, now)
            for q, m in batch:
                prefill += m
                attention += m * (q.done + q.done + m)
        model, factor = self._model, self._factor
        if batch:
            tokens = n + prefill
            base = (model.roots.get(tokens) or model.root_ps(tokens)) + model.e * attention
            self._base = base = (base + model.b * n + model.c * self._context) * factor
            k = 1  # no slope: cuts and readings look inside longer steps only
            end = start + base
        elif n:
            base = model.roots.get(n) or model.root_ps(n)
            self._base = base = (base + model.b * n + model.c * self._context) * factor
            k = self._heap[0][0] - self._clock if calm else 1
            if self._free <= n * ((k >> BLOCK_SHIFT) + 1):
                k = iterations_with_room(k, self._free, self._clock, self._buckets)
            self._slope = slope = model.c * n * factor
            end = start + k * base + slope * (k * (k - 1) >> 1)
        else:
            self._busy = False
            return
        self._busy = True
        self._batch = batch
        self._start = start
        self._k = k
        self._end_fine = end
        self._end_us = end = end // FINE
        self._version += 1
        self._kernel.push(end, self._call, STEP_END)

    def _continue_prefills(self, batch: list[tuple[Sequence, int]], room: int, needed: int) -> tuple[int, bool]:
        """Give prompts in progress their next chunks, in order; return the room left and whether one stalled."""
        prefilling, reserve, cache = self._prefilling, self.reserve, self._cache
        i = 0
        while i < len(prefilling):
            q = prefilling[i]
            i += 1
            done = q.done
            left = q.p - done
            m = left if left < room else room  # not min(): a call costs more
            if m <= 0:
                break
            if not reserve:
                more = ((done + m + BLOCK_MASK) >> BLOCK_SHIFT) - q.blocks
                while self._free - needed < more and len(prefilling) > i:
                    self._preempt(prefilling[-1], needed)
                if self._free - needed < more:
                    return room, True
                q.blocks += more
                self._free -= more
            if cache is not None and q.hold is not None:
                self._free += cache.name_blocks(q, (done + m) >> BLOCK_SHIFT, self._free - needed)
            room -= m
            batch.append((q, m))
        return room, False

    def _admit(self, batch: list[tuple[Sequence, int]], room: int, needed: int, now: int) -> None:
        """Let waiting sequences in, first come first served, while sequences, tokens and blocks allow."""
        waiting = self._waiting
        cache = self._cache
        while waiting and room > 0 and self._held < self.max_num_seqs:
            q = waiting[0]
            if q.gone:
                self._drop_gone_heads()
                continue
            p = q.p
            if cache is None:
                found = 0
                done = p if p < room else room
                taken = blocks = ((p if self.reserve else done) + BLOCK_MASK) >> BLOCK_SHIFT
            else:
                found, idle = cache.find(q.extents, (p - 1) >> BLOCK_SHIFT, self._free - needed)
                done = (found << BLOCK_SHIFT) + room
                done = done if done < p else p
                blocks = ((p if self.reserve else done) + BLOCK_MASK) >> BLOCK_SHIFT
                taken = blocks - found + idle
            if self._free - needed - taken < self.watermark:
                break
            waiting.popleft()
            q.waiting = False
            q.blocks = blocks
            q.done = found << BLOCK_SHIFT
            if q.admitted_us == NEVER:
                q.admitted_us = now
            self._free -= taken
            if cache is not None:
                cache.join(q, found)
                self._free += cache.name_blocks(q, done >> BLOCK_SHIFT, self._free - needed)
            self._held += 1
            self._prefilling.append(q)
            m = done - q.done
            room -= m
            batch.append((q, m))

    def _end(self, call: Call) -> None:
        if call is not self._call:
            self._spare = call  # stale, and off the queue: free for the next cut
            return
        now = self._end_us
        k, n, clock = self._k, self._n, self._clock
        self._iterations += k
        if n:
            buckets = self._buckets
            self._free -= buckets[clock & BLOCK_MASK] if k == 1 else blocks_taken(k, n, clock, buckets)
            self._clock = clock = clock + k
            tokens = k * n
            self._context += tokens
            self.decode_tokens += tokens
        finished: list[Sequence] | None = None
        if self._batch:
            finished = self._end_prefills(self._batch, now)
            self._batch = None
        heap, cached = self._heap, self._cache is not None
        while heap:
            finish_clock, _, q = heap[0]
            if finish_clock > clock and q.decoding:
                break
            heappop(heap)
            if q.decoding:
                if cached:
                    self._leave_decode(q)
                else:
                    written = q.p + q.o - 1
                    self._free += (written + BLOCK_MASK) >> BLOCK_SHIFT
                    self._n -= 1
                    self._context -= written + 1
                    self._buckets[q.residue] -= 1
                    self._held -= 1
                    q.decoding = False
                if finished is None:
                    finished = [q]
                else:
                    finished.append(q)
        if self._aborts:
            self._end_aborts()
        # callbacks may submit, cancel or kill: the engine must look busy, and not restart twice
        self._version = version = self._version + 1
        self._k = 1
        if finished:
            for q in finished:
                if not q.gone:
                    q.finished_us = now
                    q.gone = True
                    self.on_finish(q, now)
            if self._version != version or not self._busy:
                return
            if self._aborts:
                self._end_aborts()
        self._begin(self._end_fine, now)

    def _end_prefills(self, batch: list[tuple[Sequence, int]], now: int) -> list[Sequence] | None:
        """Advance the prompts of the step; return those that wanted one token only, hence are finished."""
        finished: list[Sequence] | None = None
        completed = prefilled = 0
        clock = self._clock
        for q, m in batch:
            q.done = done = q.done + m
            prefilled += m
            if done < q.p:
                continue
            completed += 1
            if q.first_us == NEVER:
                q.first_us = now
                if not q.gone:
                    self.on_first(q, now)
            if q.o == 1:
                self._free += q.blocks if self._cache is None else self._cache.leave(q, q.blocks)
                self._held -= 1
                finished = [q] if finished is None else [*finished, q]
            else:
                self._n += 1
                self._context += q.p + 1
                q.finish_clock = finish_clock = clock + q.o - 1
                q.clock_at_decode = clock
                q.residue = residue = (clock - q.p) & BLOCK_MASK
                self._buckets[residue] += 1
                q.decoding = True
                heappush(self._heap, (finish_clock, q.id, q))
        self.prefill_tokens += prefilled
        if completed == len(self._prefilling):
            self._prefilling.clear()
        elif completed:
            # prefills complete in order, but a full budget may leave gaps only at the tail
            self._prefilling = [q for q in self._prefilling if q.done < q.p]
        return finished
