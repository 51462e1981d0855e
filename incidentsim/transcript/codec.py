"""One line of a transcript, to bytes and back: canonical form, limits, and the two hashes.

A line has exactly one valid spelling (sorted keys, no spaces, integers only), so that any changed byte shows.
Used by the writer, the reader and the chain check; nothing else knows what a line looks like.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from incidentsim.errors import TranscriptError
from incidentsim.exact import canonical_json, sha256_hex
from incidentsim.transcript.model import REDACTED, Record

MAX_LINE_BYTES = 65_536
"""Longest line, its line feed included: a pipe's worth, and a bound on what a reader must hold."""

GENESIS = "0" * 64
"""The link before the header."""

_OUTSIDE_THE_HASH = ("salt", "leaf", "link")
_EVENT_KEYS = {"seq", "t", "k", "type", "actor", "vis", "body", "w", *_OUTSIDE_THE_HASH}
_REDACTED_KEYS = {"seq", "type", "leaf", "link"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedLine:
    """A line ready to be written: its bytes with the line feed, and its place in the chain."""

    data: bytes
    salt: str
    leaf: str
    link: str


def leaf_hash(plain: dict[str, Any], salt: str) -> str:
    """Return H(salt ‖ canonical), over the line without salt, leaf and link."""
    content = {key: value for key, value in plain.items() if key not in _OUTSIDE_THE_HASH}
    return sha256_hex(salt + canonical_json(content))


def link_hash(previous: str, leaf: str) -> str:
    """Return H(previous link ‖ leaf), both as hex text."""
    return sha256_hex(previous + leaf)


def seal(plain: dict[str, Any], *, salt: str, previous: str) -> SealedLine:
    """Return the bytes of a line that follows the link `previous`.

    Raises TranscriptError for floats, values that JSON has no exact form for, and lines above 64 KiB.
    """
    _refuse_inexact(plain, "")
    leaf = leaf_hash(plain, salt)
    link = link_hash(previous, leaf)
    data = _bytes({**plain, "salt": salt, "leaf": leaf, "link": link})
    return SealedLine(data=data, salt=salt, leaf=leaf, link=link)


def redact(line: dict[str, Any]) -> bytes:
    """Return the line with its content and salt taken out; the chain over it still verifies."""
    return _bytes({"seq": line["seq"], "type": REDACTED, "leaf": line["leaf"], "link": line["link"]})


def decode(data: bytes) -> dict[str, Any]:
    """Return the object of one line (without its line feed). Raises TranscriptError saying what is wrong."""
    if len(data) >= MAX_LINE_BYTES:
        raise TranscriptError(f"is longer than {MAX_LINE_BYTES} bytes")
    try:
        value = json.loads(data.decode("utf-8"), parse_float=_no_float, parse_constant=_no_float)
        if not isinstance(value, dict):
            raise TranscriptError("is not a JSON object")
        same = canonical_json(value).encode("utf-8") == data
    except (ValueError, RecursionError) as wrong:
        raise TranscriptError(f"is not valid JSON: {wrong}") from wrong
    if not same:
        raise TranscriptError("is not in canonical form (key order, spacing, escapes or duplicate keys)")
    return value


def is_redacted(line: dict[str, Any]) -> bool:
    """Say whether the content of this line was taken out."""
    return line.get("type") == REDACTED


def problem_in_event(line: dict[str, Any]) -> str:
    """Return what is wrong with the shape of an event line, or an empty text."""
    wanted = _REDACTED_KEYS if is_redacted(line) else _EVENT_KEYS
    if line.keys() != wanted:
        odd = sorted(line.keys() ^ wanted)
        return f"its keys are not those of an event ({', '.join(odd[:4])})"
    for key in wanted:
        kind = int if key in ("seq", "t", "k", "w") else dict if key == "body" else str
        if not isinstance(line[key], kind) or isinstance(line[key], bool):
            return f"{key!r} is not {'an integer' if kind is int else 'an object' if kind is dict else 'text'}"
    return ""


def to_record(line: dict[str, Any]) -> Record:
    """Return the record of a verified event line."""
    if is_redacted(line):
        return Record(
            seq=line["seq"],
            t_us=0,
            k=0,
            type=REDACTED,
            actor="",
            vis="",
            body={},
            wall_ms=0,
            salt="",
            leaf=line["leaf"],
            link=line["link"],
        )
    return Record(
        seq=line["seq"],
        t_us=line["t"],
        k=line["k"],
        type=line["type"],
        actor=line["actor"],
        vis=line["vis"],
        body=line["body"],
        wall_ms=line["w"],
        salt=line["salt"],
        leaf=line["leaf"],
        link=line["link"],
    )


def _bytes(line: dict[str, Any]) -> bytes:
    try:
        data = (canonical_json(line) + "\n").encode("utf-8")
    except (ValueError, TypeError) as wrong:
        raise TranscriptError(f"a transcript line can't be written: {wrong}") from wrong
    if len(data) > MAX_LINE_BYTES:
        raise TranscriptError(f"a transcript line of {len(data)} bytes is above the limit of {MAX_LINE_BYTES}")
    return data


def _refuse_inexact(value: Any, path: str) -> None:
    if value is None or isinstance(value, str | int):  # bool is an int
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TranscriptError(f"the key {key!r} at {path or 'the top'} is not text")
            _refuse_inexact(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _refuse_inexact(item, f"{path}[{index}]")
    else:
        raise TranscriptError(
            f"{path} is {type(value).__name__}; hashed lines hold text, integers, lists and objects "
            "(write fractions as ppm)"
        )


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"the number {text} is not an integer")
