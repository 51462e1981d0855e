"""The sparse index: documents wait in a queue for the consumers that write them, first come, first served."""

from __future__ import annotations

from collections import deque
from typing import Final

from incidentsim.scenario.parts import RetrievalPart

ONE: Final = 1_000_000


class SparseIndex:
    """Queue and consumers as a fluid, in thousandths of documents, advanced in steps of a few seconds.

    `backfill` is what a flush left to be written again before new documents get their turn.
    """

    def __init__(self, part: RetrievalPart) -> None:
        self.consumers = 0
        self.throttle_ppm = 0
        self.backfill = 0
        self.documents = part.vectors
        self._rate = part.documents
        self._each = part.consumer_rate
        self._queue: deque[list[int]] = deque()
        self._rest = 0

    @property
    def capacity_milli(self) -> int:
        """Documents that all consumers write in 1,000 s, throttled as they are."""
        return self.consumers * self._each * (ONE - self.throttle_ppm) // ONE

    @property
    def keeps_up(self) -> bool:
        """Whether the consumers write at least what comes."""
        return self.capacity_milli >= self._rate

    @property
    def queued(self) -> int:
        """Documents that wait, those to be written again included."""
        return (sum(amount for _, amount in self._queue) + self.backfill) // 1_000  # exact: ints

    def lag_us(self, now_us: int) -> int:
        """Return the age of the oldest document that waits."""
        return now_us - self._queue[0][0] if self._queue else 0

    def covered_ppm(self) -> int:
        """Return the share of the older documents that are in the index."""
        return ONE - self.backfill * ONE // (self.documents * 1_000)

    def flush(self) -> None:
        """Throw the index away and begin to write everything again."""
        self.backfill = self.documents * 1_000

    def fall_behind(self, now_us: int, lag_us: int, step_us: int) -> None:
        """Put what came during `lag_us` back into the queue, as if it had not been written."""
        kept = [entry for entry in self._queue if entry[0] < now_us - lag_us]
        missed = [[t, self._rate * step_us // ONE] for t in range(now_us - lag_us, now_us, step_us)]
        self._queue = deque(kept + missed)

    def advance(self, since_us: int, now_us: int, arrived_milli: int) -> None:
        """Take in what arrived since `since_us`, and write what the consumers manage."""
        self._queue.append([since_us, arrived_milli])
        self._rest += self.capacity_milli * (now_us - since_us)
        able, self._rest = divmod(self._rest, ONE)
        done = min(able, self.backfill)
        self.backfill -= done
        able -= done
        queue = self._queue
        while queue and able >= queue[0][1]:
            able -= queue.popleft()[1]
        if queue:
            queue[0][1] -= able
        else:
            self._rest = 0

    def state(self) -> list[object]:
        """Return what defines it."""
        oldest = self._queue[0] if self._queue else []
        return [self.consumers, self.throttle_ppm, self.backfill, len(self._queue), list(oldest), self._rest]
