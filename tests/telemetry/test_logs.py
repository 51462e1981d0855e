"""Log records: ring, budget, filter language, rendering."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.errors import BudgetExceeded, QueryError
from incidentsim.exact import RollingDigest
from incidentsim.telemetry import LogStore, as_json, as_logfmt, compile_filter
from tests.telemetry.helpers import S


def filled(capacity: int = 100) -> LogStore:
    """Return a store with five records of different kinds."""
    store = LogStore(capacity=capacity)
    store.emit(0, "info", "gateway", "gw-1", "request done", {"tenant": "acme", "status": 200}, "abc1")
    store.emit(1 * S, "warn", "decode", "node-1", "KV cache full", {"blocks": 512})
    store.emit(12 * S, "error", "gateway", "gw-2", "upstream timeout", {"tenant": "acme-eu", "status": 504}, "abd2")
    store.emit(13 * S, "debug", "gateway", "gw-1", "healthz ok")
    store.emit(25 * S, "fatal", "decode", "node-2", "XID 79: GPU has fallen off the bus", {"ms": "slow"})
    return store


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("level>=warn", [1, 2, 4]),
        ("level:warning", [1]),
        ("level<info", [3]),
        ("-level>=warn", [0, 3]),
        ("svc:gateway", [0, 2, 3]),
        ("service:gateway level:info", [0]),
        ("host:gw-*", [0, 2, 3]),
        ("host:*-1", [0, 1, 3]),
        ("tenant:acme", [0]),
        ("tenant:acme*", [0, 2]),
        ("trace:ab", [0, 2]),
        ("trace:abc", [0]),
        ("kv", [1]),
        ('"fallen off"', [4]),
        ('"cache full" blocks=512', [1]),
        ("-healthz svc:gateway", [0, 2]),
        ("!healthz svc:gateway", [0, 2]),
        ('-"request done" tenant:*', [2]),
        ("status:>500", [2]),
        ("status>=200 status:<=504", [0, 2]),
        ("ms:>5", []),
        ('"XID 79:"', [4]),
        ("svc!=gateway", [1, 4]),
    ],
)
def test_filter_terms(text: str, expected: list[int]) -> None:
    """Terms are joined by AND; each form selects what it says."""
    assert [record.number for record in filled().select(compile_filter(text)).records] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"open', "did you mean '\"open\"'"),
        ("level>=wran", "did you mean 'level>=warn'"),
        ("tenant:", "no value after"),
        ("status:>many", "needs a number"),
        ("-", "nothing follows"),
        ("x" * 600, "characters"),
    ],
)
def test_filter_errors_carry_a_hint(text: str, message: str) -> None:
    """A wrong filter says what is wrong and how to write it."""
    with pytest.raises(QueryError, match=message):
        compile_filter(text)


def test_select_continues_where_it_stopped() -> None:
    """Pages in rising index join up without gaps or repeats; hidden counts what was left out."""
    store, errors = filled(), compile_filter("svc:gateway")
    first = store.select(errors, after=0, limit=1)
    second = store.select(errors, after=first.next_after, limit=10)
    assert [r.number for r in first.records + second.records] == [2, 3]
    assert (first.hidden, second.hidden, second.next_after) == (1, 1, 4)
    assert store.select(errors, after=second.next_after).records == ()


def test_select_without_a_position_gives_the_newest() -> None:
    """With after=-1 the newest matching records come, oldest of them first."""
    store = filled()
    page = store.select(limit=2)
    assert [r.number for r in page.records] == [3, 4]
    assert page.next_after == 4
    assert [r.number for r in store.select(since_us=12 * S).records] == [2, 3, 4]
    assert [r.number for r in store.select(after=0, since_us=12 * S).records] == [2, 3, 4]


def test_the_ring_forgets_the_oldest() -> None:
    """Beyond its capacity the store keeps the newest records under their numbers."""
    store = filled(capacity=3)
    assert store.first_index == 2
    assert store.get(1) is None
    newest = store.get(4)
    assert newest is not None
    assert newest.level == "fatal"
    assert [r.number for r in store.select(after=0).records] == [2, 3, 4]


def test_histogram_counts_a_level_and_worse_per_ten_seconds() -> None:
    """Bars are 10 s wide, and outlive the ring."""
    store = filled(capacity=1)
    assert store.histogram(0, 30 * S) == [2, 2, 1]
    assert store.histogram(0, 30 * S, "warn") == [1, 1, 1]
    assert store.histogram(-10 * S, 5 * S, "error") == [0, 0]


def test_a_flood_exceeds_the_budget() -> None:
    """More than 5,000 records in one scenario second stop the world with a reason."""
    store = LogStore(capacity=10)
    for _ in range(5_000):
        store.emit(S, "info", "gateway", "gw-1", "loop")
    store.emit(2 * S, "info", "gateway", "gw-1", "next second")
    with pytest.raises(BudgetExceeded, match=r"5000 log records .* gateway on gw-1"):
        for _ in range(5_000):
            store.emit(2 * S, "info", "gateway", "gw-1", "loop")


def test_the_digest_tells_every_field_apart() -> None:
    """Equal records give equal digests; a number is not the text of that number."""

    def digest(value: str | int) -> str:
        rolling = RollingDigest()
        LogStore(digest=rolling).emit(0, "info", "a", "b", "c", {"k": value})
        return rolling.hex()

    assert digest(1) == digest(1)
    assert digest(1) != digest("1")


def test_rendering() -> None:
    """logfmt quotes what needs quotes; JSON nests the fields."""
    record = filled().get(2)
    assert record is not None
    assert as_logfmt(record) == (
        't=T+00:12 level=error service=gateway host=gw-2 msg="upstream timeout" tenant=acme-eu status=504 trace_id=abd2'
    )
    assert json.loads(as_json(record))["fields"] == {"tenant": "acme-eu", "status": 504}


words = st.text(st.sampled_from('ab1:=<>"!- *.'), max_size=12)


@settings(max_examples=100, deadline=None)
@given(words)
def test_filtering_twice_changes_nothing(text: str) -> None:
    """What a filter lets through it lets through again, and every record is either shown or hidden."""
    try:
        chosen = compile_filter(text)
    except QueryError:
        return
    store = filled()
    page = store.select(chosen)
    assert [r for r in page.records if chosen.matches(r)] == list(page.records)
    assert len(page.records) + page.hidden == len(store)


def test_what_is_digested_tells_every_record_from_every_other() -> None:
    """The digest is that of each record's parts in order, whatever its field names; 5 and "5" differ."""
    digest, expected = RollingDigest(), RollingDigest()
    store = LogStore(digest=digest)
    for value in (5, "5", "100%", "%s"):
        store.emit(7, "info", "gateway", "gw-1", "100% done", {"size %": value, "unit": "kB"}, "ab")
        kind = type(value) is int
        fields = f"size %\x1d{value}\x1d{kind}\x1eunit\x1dkB\x1dFalse"
        expected.add(f"7\x1finfo\x1fgateway\x1fgw-1\x1f100% done\x1f{fields}\x1fab".encode())
    store.emit(8, "warn", "gateway", "gw-1", "no fields")
    expected.add(b"8\x1fwarn\x1fgateway\x1fgw-1\x1fno fields\x1f\x1f")
    assert digest.hex() == expected.hex()
    last = store.get(3)
    assert last is not None
    assert last.fields == (("size %", "%s"), ("unit", "kB"))
