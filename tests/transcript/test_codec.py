"""Lines: one canonical spelling, exact numbers only, the two hashes as documented."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.errors import TranscriptError
from incidentsim.transcript.codec import GENESIS, MAX_LINE_BYTES, decode, problem_in_event, seal, to_record

_TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)


def test_hashes_follow_the_documented_formula() -> None:
    """Leaf is H(salt ‖ canonical) and link is H(previous ‖ leaf), both over text."""
    line = seal({"b": 1, "a": "é"}, salt="5a", previous=GENESIS)
    leaf = hashlib.sha256('5a{"a":"é","b":1}'.encode()).hexdigest()
    assert line.leaf == leaf
    assert line.link == hashlib.sha256(("0" * 64 + leaf).encode()).hexdigest()
    assert json.loads(line.data) == {"a": "é", "b": 1, "salt": "5a", "leaf": line.leaf, "link": line.link}


@settings(max_examples=60, deadline=None)
@given(body=st.dictionaries(_TEXT, _JSON, max_size=4))
def test_every_exact_body_survives_the_way_to_bytes_and_back(body: dict[str, object]) -> None:
    """Decoding a sealed line gives the same content, whatever text it holds."""
    plain = {
        "seq": 0,
        "t": -5,
        "k": 0,
        "type": "note",
        "actor": "candidate",
        "vis": "c",
        "w": 1,
        "body": body,
    }
    line = seal(plain, salt="s", previous=GENESIS)
    assert line.data.count(b"\n") == 1
    decoded = decode(line.data[:-1])
    assert problem_in_event(decoded) == ""
    assert to_record(decoded).body == body


@pytest.mark.parametrize("value", [0.5, float("nan"), {"deep": [1, 2.0]}, b"x", {1: "key"}])
def test_inexact_values_are_refused(value: object) -> None:
    """Floats, bytes and keys that are not text never get into a hashed line."""
    with pytest.raises(TranscriptError):
        seal({"body": value}, salt="", previous=GENESIS)


def test_a_line_above_the_limit_is_refused() -> None:
    """A line longer than 64 KiB is not written, and not read."""
    with pytest.raises(TranscriptError, match="above the limit"):
        seal({"body": "x" * MAX_LINE_BYTES}, salt="", previous=GENESIS)
    with pytest.raises(TranscriptError, match="longer than"):
        decode(b'"' + b"x" * MAX_LINE_BYTES + b'"')


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1.0}',
        b'{"a":NaN}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b'{"a":"\\u00e9"}',
        b"[]",
        b"\xff",
        b'{"a":"\\ud800"}',
        b"[" * 50_000,
        b'{"a":01}',
        b'{"a":' + b"9" * 9_000 + b"}",
    ],
)
def test_any_other_spelling_is_refused(data: bytes) -> None:
    """Floats, other key orders, spaces, escapes, duplicates, bad UTF-8 and bombs are never accepted."""
    with pytest.raises(TranscriptError):
        decode(data)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200))
def test_random_bytes_only_raise_the_project_error(data: bytes) -> None:
    """Whatever a file holds, decoding returns an object or raises TranscriptError."""
    with suppress(TranscriptError):
        assert isinstance(decode(data), dict)
