"""Traces: bounded, found by id, ordered by slowness."""

from __future__ import annotations

import pytest

from incidentsim.errors import QueryError
from incidentsim.exact import RollingDigest
from incidentsim.telemetry import SpanStore, Trace, TraceSpan


def trace(trace_id: str, start_us: int, end_us: int) -> Trace:
    """Return a trace with one span."""
    span = TraceSpan("chat 8b", "decode", start_us, end_us, 1, (("gen_ai.request.model", "8b"),))
    return Trace(trace_id, "acme", start_us, end_us, "ok", (span,))


def test_get_by_id_or_unique_beginning() -> None:
    """A beginning is enough when only one id has it; otherwise the error names two."""
    store = SpanStore()
    for trace_id in ("abc1", "abd2", "ab"):
        store.add(trace(trace_id, 0, 1))
    assert store.get("abc") == store.get("abc1")
    assert store.get("ab") == trace("ab", 0, 1)
    assert store.get("zz") is None
    with pytest.raises(QueryError, match="abc1 and abd2"):
        _without_ab().get("ab")


def _without_ab() -> SpanStore:
    store = SpanStore()
    store.add(trace("abc1", 0, 1))
    store.add(trace("abd2", 0, 1))
    return store


def test_the_oldest_trace_goes_first() -> None:
    """At capacity a new trace replaces the oldest, also in the index."""
    store = SpanStore(capacity=2)
    for number in range(3):
        store.add(trace(f"t{number}", number, number + 1))
    assert len(store) == 2
    assert store.get("t0") is None
    assert store.get("t2") is not None


def test_trace_ids_are_unique() -> None:
    """A second trace with the same id is a programming error."""
    store = SpanStore()
    store.add(trace("a", 0, 1))
    with pytest.raises(ValueError, match="unique"):
        store.add(trace("a", 0, 1))


def test_slowest_orders_by_duration_then_age() -> None:
    """The slowest come first, equals oldest first, and only those that ended since then."""
    store = SpanStore()
    for trace_id, start, end in (("a", 0, 9), ("b", 10, 15), ("c", 20, 25), ("d", 30, 31)):
        store.add(trace(trace_id, start, end))
    assert [t.trace_id for t in store.slowest(10, 2)] == ["b", "c"]
    assert [t.trace_id for t in store.slowest(0, 9)] == ["a", "b", "c", "d"]


def test_traces_enter_the_digest() -> None:
    """Equal traces give equal digests, different ones different digests."""

    def digest(end_us: int) -> str:
        rolling = RollingDigest()
        SpanStore(digest=rolling).add(trace("a", 0, end_us))
        return rolling.hex()

    assert digest(1) == digest(1) != digest(2)
