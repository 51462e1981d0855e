"""The engine iteration by iteration: slow, plain, and the oracle of `incidentsim.world.stack.engine.replica`.

One kernel event per iteration and O(batch) work in each; KV blocks are objects, and the prefix cache names them one
by one (`BlockPool`; the rule is in `incidentsim.world.stack.engine.prefix_cache`). It takes any step-time function,
so it also runs the tabulated step times of recorded runs, which have no closed form.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from incidentsim.world.call import Call
from incidentsim.world.kernel import STEP_END, Kernel
from incidentsim.world.stack.engine.replica import FINE
from incidentsim.world.stack.engine.running import WATERMARK_DIVISOR
from incidentsim.world.stack.engine.sequence import NEVER, Prefix, Sequence
from incidentsim.world.stack.engine.step_model import BLOCK_TOKENS, StepModel


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


class Block:
    """One KV block: the name of its content (None = anonymous), and how many sequences use it."""

    __slots__ = ("name", "number", "users")

    def __init__(self, number: int) -> None:
        self.number = number
        self.name: Hashable = None
        self.users = 0


class BlockPool:
    """All blocks: the queue of free ones, least recently used first, and the named ones by name."""

    def __init__(self, count: int) -> None:
        self.free = OrderedDict((number, Block(number)) for number in range(count))
        self.named: dict[Hashable, Block] = {}

    def take(self) -> Block:
        """Take the block at the queue's front; it loses its name."""
        block = self.free.popitem(last=False)[1]
        if block.name is not None:
            del self.named[block.name]
            block.name = None
        block.users = 1
        return block

    def share(self, block: Block) -> Block:
        """Use a block that holds what is wanted."""
        if not block.users:
            del self.free[block.number]
        block.users += 1
        return block

    def put(self, block: Block) -> None:
        """Stop using a block."""
        block.users -= 1
        if not block.users:
            self.free[block.number] = block

    def forget(self) -> None:
        """Drop all names."""
        for block in self.named.values():
            block.name = None
        self.named.clear()


def block_name(prefix: Prefix | None, index: int, prompt: int) -> Hashable:
    """Return the name of the full block at `index`: all up to its last token; None beyond the prefix."""
    last_token = (index + 1) * BLOCK_TOKENS
    for i, (key, tokens) in enumerate(prefix or ()):
        goes_on = prefix is not None and i + 1 == len(prefix) and tokens >= prompt
        if tokens >= last_token or goes_on:
            return (prefix[:i] if prefix else (), key, index)
    return None


class NaiveReplica:
    """Same semantics and callbacks as Replica; `processed` of a sequence is 0 while it prefills."""

    def __init__(
        self, kernel: Kernel, step_ps: Callable[[Batch], int], *, blocks: int, max_num_seqs: int, budget: int,
        on_first: Callable[[Sequence, int], None], on_finish: Callable[[Sequence, int], None], reserve: bool = False,
        prefix_caching: bool = False,
    ) -> None:  # fmt: skip
        self.kernel = kernel
        self.step_ps = step_ps
        self.pool = BlockPool(blocks)
        self.tables: dict[int, list[Block]] = {}
        self.prefix_caching = prefix_caching
        self.resets = 0
        self.admitted_after: dict[int, int] = {}
        self.prefix_queries = self.prefix_hits = 0
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

    @property
    def free(self) -> int:
        """Free KV blocks."""
        return len(self.pool.free)

    def reset_prefix_cache(self) -> None:
        """Drop all names; what runs now names nothing any more."""
        self.pool.forget()
        self.resets += 1

    def cached_tokens(self, prefix: Prefix) -> int:
        """Tokens of a prefix, from its front, that are in the cache."""
        count = 0
        while (count + 1) * BLOCK_TOKENS <= prefix[-1][1]:
            if block_name(prefix, count, prefix[-1][1]) not in self.pool.named:
                break
            count += 1
        return count * BLOCK_TOKENS

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
            if self.processed[q.id] > len(self.tables[q.id]) * BLOCK_TOKENS:
                self.tables[q.id].append(self.pool.take())
            tokens += 1
            batch.append((q, 1))
        stalled = False
        for q in still_prefilling:
            m = min(q.p - q.done, self.budget - tokens) if not q.waiting else 0
            if m <= 0:
                continue
            if not self.reserve:
                more = -(-(q.done + m) // BLOCK_TOKENS) - len(self.tables[q.id])
                later = [x for x in self.prefilling if x.id > q.id]
                while self.free < more and later:
                    self._preempt(later.pop())
                if self.free < more:
                    stalled = True
                    break
                self.tables[q.id] += [self.pool.take() for _ in range(more)]
            self._name_blocks(q, q.done + m)
            tokens += m
            batch.append((q, m))
        may_admit = not stalled and (self.reserve or preempted == self.preemptions or not batch)
        while may_admit and self.waiting and len(self.decoding) + len(self.prefilling) < self.max_num_seqs:
            q = self.waiting[0]
            found = self._find(q)
            done = len(found) * BLOCK_TOKENS
            m = min(q.p - done, self.budget - tokens)
            new = -(-(q.p if self.reserve else done + m) // BLOCK_TOKENS) - len(found)
            idle = [block for block in found if not block.users]
            if self.free - new - len(idle) < self.watermark or m <= 0:
                break
            self.waiting.popleft()
            q.waiting = False
            q.done = done
            self.processed[q.id] = 0
            self.tables[q.id] = [self.pool.share(block) for block in found]
            self.tables[q.id] += [self.pool.take() for _ in range(new)]
            self.admitted_after[q.id] = self.resets
            if self.prefix_caching and not q.restarts:
                self.prefix_queries += q.p
                self.prefix_hits += done
            self._name_blocks(q, done + m)
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
        decodes = [entry for entry in self._batch if self.processed[entry[0].id]]
        prefills = [entry for entry in self._batch if not self.processed[entry[0].id]]
        for q, m in prefills + decodes:
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
                self._leave(q)
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
        if q in self.decoding or q in self.prefilling:
            self._leave(q)

    def _leave(self, q: Sequence) -> None:
        """Take a sequence out of the batch and give its blocks back, the last one first."""
        if q in self.decoding:
            self.decoding.remove(q)
            self._name_blocks(q, self.processed[q.id] - 1)
        else:
            self.prefilling.remove(q)
        for block in reversed(self.tables.pop(q.id)):
            self.pool.put(block)

    def _find(self, q: Sequence) -> list[Block]:
        """Return the blocks of a prompt that are in the cache, from its front; at least one token is left over."""
        found: list[Block] = []
        while self.prefix_caching and (len(found) + 1) * BLOCK_TOKENS < q.p:
            block = self.pool.named.get(block_name(q.prefix, len(found), q.prompt))
            if block is None:
                break
            found.append(block)
        return found

    def _name_blocks(self, q: Sequence, tokens: int) -> None:
        """Name the full blocks of a sequence's first tokens, or use those that have the name already."""
        if not self.prefix_caching or self.admitted_after[q.id] != self.resets:
            return
        table = self.tables[q.id]
        for i in range(tokens // BLOCK_TOKENS):
            name = block_name(q.prefix, i, q.prompt)
            if name is None:
                break
            there = self.pool.named.setdefault(name, table[i])
            if there is table[i]:
                there.name = name
            else:
                self.pool.share(there)
                self.pool.put(table[i])
                table[i] = there

    def _preempt(self, q: Sequence) -> None:
        total = q.p + q.o
        self._leave(q)
        if self.processed[q.id]:
            q.p = self.processed[q.id]
        elif self.reserve:
            q.p = q.done or q.p
        q.o = total - q.p
        q.done = 0
        self.processed[q.id] = 0
        q.restarts += 1
        q.waiting = True
        self.preemptions += 1
        self.waiting.appendleft(q)
