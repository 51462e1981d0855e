"""Strict YAML for untrusted files: data and the place of every key and value, or problems.

`incidentsim.scenario.load` calls it for scenarios and stacks. It reads parser *events* only, one at a time,
and builds the data itself: libyaml's own composer recurses in C and dies on deep nesting, merge keys can grow
without bound, and YAML 1.1 reads `22:30` as 1350. Limits are checked at each event, so the parser never gets
deep.

Accepted: one document of mappings, lists and scalars. Keys are text. Plain scalars are `true`, `false`,
`null` (or `~`, or nothing), decimal integers and decimal fractions; all else is text. Refused: anchors,
aliases, tags, merge keys, directives, several documents, duplicate keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml import events as ev

from incidentsim.scenario.problems import Path, Problems, TooManyProblems, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may contain: bytes, values, levels, code points of a text, list and mapping entries."""

    size: int
    nodes: int
    depth: int = 24
    scalar: int = 16_384
    items: int = 500
    keys: int = 100

    def most(self, container: dict[str, Any] | list[Any]) -> int:
        """Return how many entries a container may have: each wrong one costs a message later."""
        return self.items if isinstance(container, list) else self.keys


LIBYAML_LIMITS = Limits(size=262_144, nodes=20_000)
"""Limits with libyaml: read in well under 100 ms at their edge."""

PYTHON_LIMITS = Limits(size=40_960, nodes=3_000)
"""Limits of the pure-Python parser, which is fifteen times slower; shipped scenarios are far smaller."""

HAS_LIBYAML: bool = hasattr(yaml, "CSafeLoader")
"""Whether PyYAML was built with libyaml here."""

_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""What a file may not hold raw; U+2028 too, since editors and YAML count its lines differently."""


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file, counted from 1."""

    line: int
    column: int


_START = Place(1, 1)


@dataclass(slots=True)
class Marks:
    """Where each key and each value of a document stands."""

    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)

    def find(self, path: Path, *, key: bool = False) -> Place:
        """Return the place of the value at `path` (or of its key), else of the nearest thing above it."""
        while path:
            place = self.keys.get(path) if key else None
            place = place or self.values.get(path) or self.keys.get(path)
            if place:
                return place
            path = path[:-1]
        return self.values.get((), _START)


@dataclass(frozen=True, slots=True)
class Document:
    """The data of one file, with marks."""

    data: Any
    marks: Marks


class _Refused(Exception):
    """The file is refused from here on; the problem carries its place."""

    def __init__(self, place: Place, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.place = place
        self.path = path


@dataclass(slots=True)
class _Frame:
    """An open mapping or list. `key` is the mapping's key that waits for its value."""

    container: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None

    def next_path(self) -> Path:
        if isinstance(self.container, list):
            return (*self.path, len(self.container))
        return (*self.path, self.key or "")


def load_yaml(raw: bytes, file: str, problems: Problems, *, pure_python: bool = False) -> Document | None:
    """Read one document, adding to `problems`; None when nothing can be made of it.

    A document with duplicate keys is returned (the first wins) so that other problems show as well.
    """
    python = pure_python or not HAS_LIBYAML
    limits = PYTHON_LIMITS if python else LIBYAML_LIMITS
    try:
        text = _decode(raw, limits)
        return _build(_events(text, python), limits, file, problems)
    except _Refused as refused:
        problems.add(file, refused.place.line, refused.place.column, refused.path, str(refused))
        return None
    except TooManyProblems:
        return None


def _decode(raw: bytes, limits: Limits) -> str:
    if len(raw) > limits.size:
        raise _Refused(_START, f"the file is larger than {limits.size // 1024} KiB; split it or shorten it")
    try:
        text = raw.decode("utf-8", "strict").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        raise _Refused(Place(line, column), "not UTF-8 text; save the file as UTF-8") from None
    bad = _UNPRINTABLE.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - (text.rfind("\n", 0, bad.start()) + 1) + 1
        raise _Refused(Place(line, column), f"the character U+{ord(bad[0]):04X} is not allowed; remove it")
    return text


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark is not None else _START


def _events(text: str, python: bool) -> Iterator[Any]:
    stream = yaml.parse(text, Loader=yaml.SafeLoader if python else yaml.CSafeLoader)
    while True:
        try:
            event = next(stream, None)
        except yaml.MarkedYAMLError as error:
            reason = " ".join(str(part) for part in (error.context, error.problem) if part)
            place = _place(error.problem_mark or error.context_mark)
            raise _Refused(place, f"not valid YAML: {reason}") from None
        except Exception as error:
            # Parsers leak ValueError and the like on hostile escapes; a file's fault stays a file's fault.
            raise _Refused(_START, f"not valid YAML: {error}") from None
        if event is None:
            return
        yield event


def _check_event(event: Any, place: Place, path: Path) -> None:
    if isinstance(event, ev.AliasEvent):
        raise _Refused(place, f"aliases are not allowed (*{event.anchor}); write the value out", path)
    if getattr(event, "anchor", None):
        raise _Refused(place, f"anchors are not allowed (&{event.anchor}); write the value out", path)
    tag = getattr(event, "tag", None)
    if tag is not None:
        raise _Refused(place, f"tags are not allowed ({tag}); remove it", path)
    if isinstance(event, ev.DocumentStartEvent) and (event.version or event.tags):
        raise _Refused(place, "directives (%YAML, %TAG) are not allowed; remove them")


def _build(stream: Iterator[Any], limits: Limits, file: str, problems: Problems) -> Document:
    marks = Marks()
    stack: list[_Frame] = []
    root: list[Any] = []
    nodes = documents = 0
    for event in stream:
        if isinstance(event, ev.CollectionEndEvent):
            stack.pop()
            continue
        place = _place(event.start_mark)
        path = stack[-1].next_path() if stack else ()
        _check_event(event, place, path)
        if isinstance(event, ev.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _Refused(place, "one file holds one document; remove what follows ---")
        if not isinstance(event, ev.NodeEvent):
            continue
        nodes += 1
        if nodes > limits.nodes:
            raise _Refused(place, f"more than {limits.nodes:,} values in one file")
        frame = stack[-1] if stack else None
        if frame and len(frame.container) > (most := limits.most(frame.container)):
            raise _Refused(place, f"more than {most} entries in one place", frame.path)
        if frame and isinstance(frame.container, dict) and frame.key is None:
            frame.key = key = _read_key(event, frame, place, limits)
            if key in frame.container:
                first = marks.keys[(*frame.path, key)].line
                message = f"duplicate key {quoted(key)}, first on line {first}"
                problems.add(file, place.line, place.column, (*frame.path, key), message)
            marks.keys.setdefault((*frame.path, key), place)
            continue
        if isinstance(event, ev.ScalarEvent):
            value: Any = _scalar(event, place, path, limits)
        else:
            value = [] if isinstance(event, ev.SequenceStartEvent) else {}
        if frame is None:
            root.append(value)
        elif isinstance(frame.container, list):
            frame.container.append(value)
        elif frame.key is not None:
            frame.container.setdefault(frame.key, value)
            frame.key = None
        marks.values.setdefault(path, place)
        if not isinstance(event, ev.ScalarEvent):
            stack.append(_Frame(value, path))
            if len(stack) > limits.depth:
                raise _Refused(place, f"nested deeper than {limits.depth} levels", path[:6])
    if not root:
        raise _Refused(_START, "the file is empty")
    return Document(root[0], marks)


def _read_key(event: Any, frame: _Frame, place: Place, limits: Limits) -> str:
    if not isinstance(event, ev.ScalarEvent):
        raise _Refused(place, "a key must be plain text", frame.path)
    key: str = event.value
    if len(key) > limits.scalar:
        raise _Refused(place, f"a text longer than {limits.scalar:,} characters", frame.path)
    _refuse_unprintable(key, place, frame.path)
    if key == "<<":
        raise _Refused(place, "merge keys (<<) are not allowed; write the fields out", frame.path)
    return key


def _refuse_unprintable(text: str, place: Place, path: Path) -> None:
    bad = None if text.isascii() and text.isprintable() else _UNPRINTABLE.search(text)
    if bad:
        raise _Refused(place, f"the escaped character U+{ord(bad[0]):04X} is not allowed; remove it", path)


def _scalar(event: Any, place: Place, path: Path, limits: Limits) -> Any:
    text: str = event.value
    if len(text) > limits.scalar:
        raise _Refused(place, f"a text longer than {limits.scalar:,} characters", path)
    _refuse_unprintable(text, place, path)
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
