"""A YAML document as a tree that can be edited without losing where each value stands.

`vary` makes siblings of a scenario with it: a value that an option sets keeps the line of the option, so that
what is wrong with a sibling is reported at the line of the file that an author wrote. Trees are not changed in
place; an edit gives a new tree that shares what stayed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, cast

from incidentsim.errors import ScenarioError
from incidentsim.scenario.problems import Path
from incidentsim.scenario.safe_yaml import Document, Marks, Place

NAMES = ("id", "name", "role", "topic")
"""Fields by which an entry of a list is called in an address."""

KINDS = ("change", "fault", "page", "message")
"""What an entry of a timeline holds: a change and a fault are called by their ids, the others by their kind."""

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One value with its place, and its key's place when it has one: a mapping, a list or a scalar."""

    value: Scalar | dict[str, Node] | tuple[Node, ...]
    place: Place
    key_place: Place | None = None

    def plain(self) -> Any:
        """Return the value as plain data."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, tuple):
            return [child.plain() for child in self.value]
        return self.value


def tree_of(document: Document) -> Node:
    """Return a document as a tree."""
    return _node(document.data, document.marks, ())


def _node(data: Any, marks: Marks, path: Path) -> Node:
    value: Scalar | dict[str, Node] | tuple[Node, ...]
    if isinstance(data, dict):
        value = {key: _node(child, marks, (*path, key)) for key, child in data.items()}
    elif isinstance(data, list):
        value = tuple(_node(child, marks, (*path, i)) for i, child in enumerate(data))
    else:
        value = data
    return Node(value=value, place=marks.find(path), key_place=marks.keys.get(path))


def document_of(root: Node) -> Document:
    """Return a tree as a document: its data, and the places where its values were written."""
    marks = Marks()

    def build(node: Node, path: Path) -> Any:
        marks.values[path] = node.place
        if node.key_place is not None:
            marks.keys[path] = node.key_place
        if isinstance(node.value, dict):
            return {key: build(child, (*path, key)) for key, child in node.value.items()}
        if isinstance(node.value, tuple):
            return [build(child, (*path, i)) for i, child in enumerate(node.value)]
        return node.value

    return Document(build(root, ()), marks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where an address leads: the path so far, and what is left of it because nothing is called so."""

    path: Path
    node: Node
    rest: str = ""
    known: tuple[str, ...] = field(default=())


def find(root: Node, address: str) -> Found:
    """Follow an address such as `timeline.agents.fault.params.burst` as far as it leads.

    A step is a key of a mapping, or an entry of a list by its number or its name. Keys may hold points.
    """
    path: Path = ()
    node, rest = root, address
    while rest:
        step = _key_in(node.value, rest) if isinstance(node.value, dict) else rest.partition(".")[0]
        key: str | int | None = step
        if isinstance(node.value, tuple):
            key = _entry_of(node.value, step)
        elif not isinstance(node.value, dict) or not step:
            key = None
        if key is None:
            return Found(path=path, node=node, rest=rest, known=_known(node))
        path, rest = (*path, key), rest[len(step) + 1 :]
        node = at(node, (key,))
    return Found(path=path, node=node)


def _key_in(mapping: dict[str, Node], rest: str) -> str:
    """Return the longest key with which an address begins, or nothing."""
    begins = [key for key in mapping if rest == key or rest.startswith(f"{key}.")]
    return max(begins, key=len, default="")


def _entry_of(entries: tuple[Node, ...], step: str) -> int | None:
    if step.isascii() and step.isdigit():
        return int(step) if len(step) < 6 and int(step) < len(entries) else None
    return next((i for i, entry in enumerate(entries) if name_of(entry) == step), None)


def _known(node: Node) -> tuple[str, ...]:
    if isinstance(node.value, dict):
        return tuple(node.value)
    names = [name_of(entry) for entry in node.value] if isinstance(node.value, tuple) else []
    return tuple(dict.fromkeys(name for name in names if name))


def name_of(entry: Node) -> str:
    """Return what an entry of a list is called in an address; empty when it has no name."""
    if not isinstance(entry.value, dict):
        return ""
    for kind in KINDS:
        inner = entry.value.get(kind)
        if inner is not None and isinstance(inner.value, dict):
            given = inner.value.get("id")
            return given.value if given is not None and isinstance(given.value, str) else kind
    for field_name in NAMES:
        given = entry.value.get(field_name)
        if given is not None and isinstance(given.value, str):
            return given.value
    return ""


def with_value(root: Node, path: Path, new: Node) -> Node:
    """Return the tree with `new` at `path`; a key that is not there is added. The parent must be there."""
    if not path:
        return new
    step = path[0]
    if isinstance(root.value, dict) and isinstance(step, str):
        child = root.value.get(step)
        inner = with_value(child, path[1:], new) if child is not None else new
        return replace(root, value={**root.value, step: inner})
    if isinstance(root.value, tuple) and isinstance(step, int):
        entries = list(root.value)
        entries[step] = with_value(entries[step], path[1:], new)
        return replace(root, value=tuple(entries))
    raise KeyError(path)


def with_scalar(root: Node, path: Path, value: Scalar, place: Place) -> Node:
    """Return the tree with a scalar at `path`, which was written at `place`."""
    return with_value(root, path, Node(value=value, place=place))


def without_entry(root: Node, path: Path) -> Node:
    """Return the tree without the entry of a list at `path`."""
    entries = at(root, path[:-1])
    kept = tuple(child for i, child in enumerate(cast(tuple[Node, ...], entries.value)) if i != path[-1])
    return with_value(root, path[:-1], replace(entries, value=kept))


def without_key(root: Node, key: str) -> Node:
    """Return the mapping without a key."""
    return replace(root, value={k: v for k, v in cast(dict[str, Node], root.value).items() if k != key})


def at(root: Node, path: Path) -> Node:
    """Return the node at a path. Raises KeyError when there is none."""
    node = root
    for step in path:
        inside = node.value
        if isinstance(inside, dict) and isinstance(step, str):
            node = inside[step]
            continue
        if not isinstance(inside, tuple) or not isinstance(step, int) or step >= len(inside):
            raise KeyError(path)
        node = inside[step]
    return node


def renamed(root: Node, words: Renaming) -> Node:
    """Return the tree with words exchanged in every text and every key."""
    if isinstance(root.value, dict):
        changed = {words.apply(key): renamed(child, words) for key, child in root.value.items()}
        if len(changed) != len(root.value):
            raise ScenarioError(f"renaming makes two of the keys {', '.join(root.value)[:200]} one; rename otherwise")
        return replace(root, value=changed)
    if isinstance(root.value, tuple):
        return replace(root, value=tuple(renamed(child, words) for child in root.value))
    return replace(root, value=words.apply(root.value)) if isinstance(root.value, str) else root


class Renaming:
    """Words that stand for others, all exchanged at once: `a` for `b` and `b` for `a` is possible.

    A word is exchanged where it stands alone: not inside a longer word, number or name with dashes.
    """

    __slots__ = ("_pattern", "words")

    def __init__(self, words: dict[str, str]) -> None:
        self.words = words
        longest_first = sorted(words, key=lambda word: (-len(word), word))
        body = "|".join(re.escape(word) for word in longest_first) or r"(?!)"
        self._pattern = re.compile(rf"(?<![A-Za-z0-9_-])(?<![0-9]\.)(?:{body})(?![A-Za-z0-9_-]|\.[0-9])")

    def apply(self, text: str) -> str:
        """Return a text with the words exchanged."""
        return self._pattern.sub(lambda match: self.words[match[0]], text)

    def occurs_in(self, text: str) -> bool:
        """Return whether a text holds one of the words."""
        return self._pattern.search(text) is not None
