"""An engine that keeps books of its own beside the real one, so that its counters can be audited (F6).

The macro engine counts blocks and tokens for the whole batch at once. Here they are counted again sequence by
sequence; `audit` compares. It changes nothing that happens.
"""

from __future__ import annotations

from typing import Any

from incidentsim.world.call import Call
from incidentsim.world.stack.engine.replica import Replica
from incidentsim.world.stack.engine.sequence import NEVER, Sequence
from incidentsim.world.stack.engine.step_model import BLOCK_TOKENS


class AuditedReplica(Replica):
    """`breaks` lists every law found broken; empty when all is conserved.

    `waited_us` is the waiting time of all sequences so far, ended or not, those preempted counted again.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.breaks: list[str] = []
        self.waits = self.kills = self.cancels = 0
        self._waited_us = 0
        self._since: dict[Sequence, int] = {}
        self._produced: dict[Sequence, int] = {}
        # Sarathi's way of preempting a prefill: what was not yet prefilled is produced instead
        self._turned: dict[Sequence, int] = {}
        self._left_steps = self._owed = 0
        tell_finish = self.on_finish

        def finished(sequence: Sequence, now: int) -> None:
            produced = self._produced.pop(sequence)
            if produced != sequence.output + self._turned.pop(sequence, 0):
                self.breaks.append(f"{produced} tokens produced for a request of {sequence.output}")
            tell_finish(sequence, now)

        self.on_finish = finished

    @property
    def waited_us(self) -> int:
        """Waiting time so far, that of those who still wait included."""
        now = self._kernel.now
        return self._waited_us + sum(now - since for since in self._since.values())

    # -- every way in and out -------------------------------------------------------------------------------

    def submit(self, sequence: Sequence) -> None:
        """Queue a sequence, noting when."""
        self._since[sequence] = self._kernel.now
        super().submit(sequence)

    def cancel(self, sequence: Sequence) -> None:
        """Abort a sequence, noting what it waited."""
        if not sequence.gone and sequence.finished_us == NEVER:
            self.cancels += 1
            if sequence.waiting:
                self._waited(sequence)
                self._produced.pop(sequence, None)
        super().cancel(sequence)

    def kill(self) -> list[Sequence]:
        """Drop everything, noting what each sequence had come to; all blocks must be free afterwards."""
        self.audit()
        self.kills += 1
        for sequence in [*self._since]:
            self._waited(sequence)
        for sequence in self._prefilling:
            self._owed -= sequence.p - sequence.done
        for sequence in self._decoders():
            self._left_steps += self._clock - sequence.clock_at_decode
        self._produced.clear()
        lost = super().kill()
        self.audit()
        if self._free != self.blocks:
            self.breaks.append(f"{self.blocks - self._free} KV blocks are still taken after a kill")
        return lost

    def _admit(self, batch: list[tuple[Sequence, int]], room: int, needed: int, now: int) -> None:
        before = len(batch)
        super()._admit(batch, room, needed, now)
        for sequence, _ in batch[before:]:
            self._waited(sequence)
            self._owed += sequence.p
            self._produced.setdefault(sequence, 0)

    def _end(self, call: Call) -> None:
        if call is self._call and self._cache is None:
            # without a cache the engine takes finished sequences out inline, not by `_leave_decode`
            clock = self._clock + (self._k if self._n else 0)
            for finish_clock, _, q in self._heap:
                if q.decoding and q.finish_clock == finish_clock <= clock:
                    self._left_steps += q.o - 1
                    self._produced[q] += q.o - 1
        super()._end(call)

    def _end_prefills(self, batch: list[tuple[Sequence, int]], now: int) -> list[Sequence] | None:
        finished = super()._end_prefills(batch, now)
        for sequence, _ in batch:
            if sequence.done >= sequence.p:
                self._produced[sequence] += 1
        return finished

    def _leave_decode(self, q: Sequence, taken: int = 0) -> int:
        steps = self._clock - q.clock_at_decode
        self._left_steps += steps
        self._produced[q] += steps
        return super()._leave_decode(q, taken)

    def _end_aborts(self) -> None:
        aborted = [*self._aborts]
        for sequence in aborted:
            if sequence in self._prefilling:
                self._owed -= sequence.p - sequence.done
        super()._end_aborts()
        for sequence in aborted:
            self._produced.pop(sequence, None)

    def _preempt(self, q: Sequence, taken: int) -> None:
        if not q.decoding:
            self._owed -= q.p - q.done
            if self.reserve and q.done:
                self._turned[q] = self._turned.get(q, 0) + q.p - q.done
        free = self._free
        super()._preempt(q, taken)
        if self._free <= free:
            self.breaks.append("a preemption freed no KV block")
        if not q.gone:
            self._since[q] = self._kernel.now

    def _waited(self, sequence: Sequence) -> None:
        self.waits += 1
        self._waited_us += self._kernel.now - self._since.pop(sequence)

    # -- the audit ------------------------------------------------------------------------------------------

    def _decoders(self) -> list[Sequence]:
        return [q for finish, _, q in self._heap if q.decoding and q.finish_clock == finish]

    def live(self) -> list[Sequence]:
        """Return every sequence here that nobody has cancelled."""
        return [q for q in (*self._decoders(), *self._prefilling, *self._waiting) if not q.gone]

    def audit(self) -> None:
        """Compare the engine's totals with sums over its sequences; note every difference in `breaks`."""
        decoders, prefilling = self._decoders(), self._prefilling
        steps = [self._clock - q.clock_at_decode for q in decoders]
        pairs = list(zip(decoders, steps, strict=True))
        grown = [-(-(q.p + s) // BLOCK_TOKENS) for q, s in pairs]
        taken = sum(grown) + sum(q.blocks for q in prefilling)
        self._same("KV blocks in use", self.blocks - self._free, taken)
        self._same("sequences decoding", self._n, len(decoders))
        self._same("sequences by block residue", sum(self._buckets), len(decoders))
        self._same("sequences that hold blocks", self._held, len(decoders) + len(prefilling))
        self._same("context tokens", self._context, sum(q.p + 1 + s for q, s in pairs))
        self._same("decoded tokens", self.decode_tokens, self._left_steps + sum(steps))
        self._same("prefilled tokens", self.prefill_tokens, self._owed - sum(q.p - q.done for q in prefilling))
        self._same("waiting sequences", self.queued, len(self._since))
        if self._free < 0:
            self.breaks.append(f"{-self._free} KV blocks more than there are")
        for (q, s), blocks in zip(pairs, grown, strict=True):
            if blocks * BLOCK_TOKENS < q.p + s:
                self.breaks.append(f"{q.p + s} tokens in {blocks} KV blocks")

    def _same(self, what: str, counted: int, summed: int) -> None:
        if counted != summed:
            self.breaks.append(f"{what}: the engine counts {counted}, its sequences come to {summed}")
