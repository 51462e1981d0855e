"""Traces of requests: a bounded store of waterfalls, filled by the world, read by trace screens."""

from __future__ import annotations

import heapq
from typing import Final, NamedTuple

from incidentsim.errors import QueryError
from incidentsim.exact import RollingDigest

CAPACITY: Final = 20_000
"""Traces kept; at about 1 kB each, 20 MB."""


class TraceSpan(NamedTuple):
    """One step of a request. `depth` indents it; attributes have OpenTelemetry's `gen_ai.*` names."""

    name: str
    service: str
    start_us: int
    end_us: int
    depth: int
    attributes: tuple[tuple[str, str | int], ...] = ()


class Trace(NamedTuple):
    """One request from receipt to answer. `status` is `ok` or what went wrong; spans are ordered by start."""

    trace_id: str
    tenant: str
    start_us: int
    end_us: int
    status: str
    spans: tuple[TraceSpan, ...]

    @property
    def duration_us(self) -> int:
        """Return how long the request took."""
        return self.end_us - self.start_us


class SpanStore:
    """The newest traces of one world, by id. The oldest goes when a new one finds no room.

    `spans` counts those of all traces kept.
    """

    def __init__(self, *, capacity: int = CAPACITY, digest: RollingDigest | None = None) -> None:
        self.capacity = capacity
        self.spans = 0
        self._digest = digest
        self._ring: list[Trace] = []
        self._by_id: dict[str, Trace] = {}
        self._added = 0

    def __len__(self) -> int:
        return len(self._ring)

    def add(self, trace: Trace) -> None:
        """Keep a trace; its id must be new (ValueError otherwise)."""
        if trace.trace_id in self._by_id:
            raise ValueError(f"trace {trace.trace_id!r} was added before; trace ids must be unique")
        if len(self._ring) < self.capacity:
            self._ring.append(trace)
        else:
            slot = self._added % self.capacity
            oldest = self._ring[slot]
            del self._by_id[oldest.trace_id]
            self.spans -= len(oldest.spans)
            self._ring[slot] = trace
        self._added += 1
        self.spans += len(trace.spans)
        self._by_id[trace.trace_id] = trace
        if self._digest is not None:
            self._digest.add_json(trace)

    def get(self, trace_id: str) -> Trace | None:
        """Return the trace with that id, or the one whose id begins so; None when there is none.

        Raises QueryError when several ids begin so.
        """
        exact = self._by_id.get(trace_id)
        if exact is not None or not trace_id:
            return exact
        begins = [key for key in self._by_id if key.startswith(trace_id)]
        if len(begins) > 1:
            raise QueryError(
                f"{len(begins)} traces begin with {trace_id!r}, such as {begins[0]} and {begins[1]};"
                " give more of the id"
            )
        return self._by_id[begins[0]] if begins else None

    def slowest(self, since_us: int, n: int) -> list[Trace]:
        """Return the `n` slowest traces that ended at or after `since_us`; of equals the oldest first."""
        recent = (trace for trace in self._ring if trace.end_us >= since_us)
        return heapq.nsmallest(n, recent, key=lambda t: (t.start_us - t.end_us, t.start_us, t.trace_id))
