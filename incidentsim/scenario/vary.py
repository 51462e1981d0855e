"""Drawing a sibling: which option, value, word and change id it gets, and the tree with them put in.

`scenario.siblings` calls this. Every draw is keyed by (seed, scenario id and number, what is drawn), so that a
sibling is the same on every machine, and a range that is added later leaves the other draws as they were.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from incidentsim.exact import Draws
from incidentsim.scenario.amounts import amount_of, values_of
from incidentsim.scenario.parts import Choice, Option, Range, Variants, Word
from incidentsim.scenario.problems import Path, did_you_mean, quoted
from incidentsim.scenario.tree import (
    Found,
    Node,
    Scalar,
    at,
    find,
    name_of,
    with_scalar,
    with_value,
    without_entry,
    without_key,
)

SECTION = "variants"

EVERYWHERE = "everywhere"
"""Where a word is exchanged."""

_CHANGE_ID = re.compile(r"([a-z][a-z-]{0,20}-)([0-9]{1,6})")
"""A change's id whose number can be drawn anew."""

_LARGEST_GAP = 9
"""Largest step between two redrawn ids of changes: teams make some changes that a scenario doesn't tell of."""

Report = Callable[[Path, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which a sibling differs from what is written: where, what was, what is.

    For a `choice`, these are its id and the ids of its options.
    """

    where: str
    was: str
    now: str
    choice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A tree with a sibling's choices and values, and the words that are exchanged in it and in all files."""

    root: Node
    words: dict[str, str]
    differences: tuple[Difference, ...]


class Picker(Protocol):
    """Decides what a sibling gets."""

    def option(self, choice: Choice) -> int:
        """Return the number of the option that is taken."""
        ...

    def value(self, span: Range, values: Sequence[Scalar]) -> Scalar:
        """Return one of the values."""
        ...

    def word(self, word: Word) -> str:
        """Return one of the words."""
        ...

    def change_ids(self, old: Sequence[str]) -> dict[str, str]:
        """Return new ids of changes by the old ones."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picker that draws. `entity` is the sibling: scenario and number."""

    seed: int
    entity: str

    def option(self, choice: Choice) -> int:
        """Return a drawn option; never the first where siblings have to differ."""
        first = 1 if choice.differs else 0
        return first + self._below(f"choice/{choice.id}", len(choice.options) - first)

    def value(self, span: Range, values: Sequence[Scalar]) -> Scalar:
        """Return a drawn value."""
        return values[self._below(f"range/{span.where}", len(values))]

    def word(self, word: Word) -> str:
        """Return a drawn word."""
        return word.among[self._below(f"word/{word.word}", len(word.among))]

    def change_ids(self, old: Sequence[str]) -> dict[str, str]:
        """Return new ids that rise in the order of the old ones, with as many digits, none of them an old one."""
        draws = Draws(self.seed, self.entity, "change-ids")
        numbered = [(m[1], m[2], text) for text in old if (m := _CHANGE_ID.fullmatch(text))]
        if not numbered:
            return {}
        digits = max(3, *(len(number) for _, number, _ in numbered))
        gaps = [1 + draws.below(i + 1, _LARGEST_GAP) for i in range(len(numbered))]
        room = 9 * 10 ** (digits - 1) - sum(gaps)  # exact: ints
        for attempt in range(1000):
            number = 10 ** (digits - 1) + draws.below(1_000_000 + attempt, max(1, room))
            new = {}
            for (prefix, _, text), gap in zip(numbered, gaps, strict=True):
                number += gap
                new[text] = f"{prefix}{number}"
            if not any(text in old for text in new.values()):
                return new
        return {}

    def _below(self, purpose: str, n: int) -> int:
        return Draws(self.seed, self.entity, purpose).below(0, n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A picker that takes one option of one choice, and the first or last of all values, to see whether it works."""

    choice: int = -1
    option_number: int = 0
    last: bool = False
    ids: tuple[Choice, ...] = field(default=())

    def option(self, choice: Choice) -> int:
        """Return the option to try where it belongs, else the first."""
        return self.option_number if self.choice >= 0 and self.ids[self.choice] is choice else 0

    def value(self, span: Range, values: Sequence[Scalar]) -> Scalar:
        """Return the first or the last value."""
        return values[-1 if self.last else 0]

    def word(self, word: Word) -> str:
        """Return the first or the last word."""
        return word.among[-1 if self.last else 0]

    def change_ids(self, old: Sequence[str]) -> dict[str, str]:
        """Leave them."""
        return {}


def edited(root: Node, variants: Variants, picker: Picker, report: Report) -> Edited:
    """Return a scenario's tree with what the picker decides; report at its place what can't be done.

    The section itself is gone from the tree. Words are not exchanged yet: files beside the YAML hold them too.
    """
    written = root
    root = without_key(root, SECTION)
    words: dict[str, str] = {}
    differences: list[Difference] = []
    spans: list[tuple[Range, Path]] = [(r, (SECTION, "ranges", i)) for i, r in enumerate(variants.ranges)]
    drawn: list[tuple[Word, Path]] = [(w, (SECTION, "words", i)) for i, w in enumerate(variants.words)]
    optional = len(spans)
    for i, choice in enumerate(variants.choices):
        number = picker.option(choice)
        option = choice.options[number]
        path: Path = (SECTION, "choices", i, "options", number)
        root = _with_option(root, at(written, path), option, path, report)
        words |= option.rename
        spans += [(r, (*path, "ranges", j)) for j, r in enumerate(option.ranges)]
        drawn += [(w, (*path, "words", j)) for j, w in enumerate(option.words)]
        if number:
            differences.append(Difference(where=choice.id, was=choice.options[0].id, now=option.id, choice=True))
    for i, (span, path) in enumerate(spans):
        found = find(root, span.where)
        if found.rest:
            # a choice may have dropped what the file's own range is about
            if i >= optional or find(written, span.where).rest:
                report((*path, "where"), _leads_nowhere(found))
            continue
        try:
            values = values_of(span, found.node)
        except ValueError as error:
            report(path, str(error))
            continue
        new = picker.value(span, values)
        root = with_scalar(root, found.path, new, at(written, path).place)
        for j, address in enumerate(span.also):
            other = find(root, address)
            if other.rest or isinstance(other.node.value, dict | tuple):
                report((*path, "also", j), _leads_nowhere(other) if other.rest else "is not one value")
            else:
                root = with_scalar(root, other.path, new, at(written, path).place)
        if new != found.node.value:
            differences.append(Difference(where=span.where, was=str(found.node.value), now=str(new)))
    for word, _ in drawn:
        _exchange(words, word.word, picker.word(word))
    words |= picker.change_ids(change_ids(root))
    differences += [Difference(where=EVERYWHERE, was=old, now=new) for old, new in words.items() if old != new]
    return Edited(root=root, words=words, differences=tuple(differences))


def change_ids(root: Node) -> tuple[str, ...]:
    """Return the ids of a tree's changes, in the order in which they happen."""
    found = find(root, "timeline")
    entries = found.node.value if not found.rest and isinstance(found.node.value, tuple) else ()
    timed = []
    for i, entry in enumerate(entries):
        if isinstance(entry.value, dict) and "change" in entry.value:
            try:
                at_us = int(amount_of(entry.value["at"].value).value)
            except (KeyError, ValueError):
                at_us = 0  # the loader says what is wrong with it
            timed.append((at_us, i, name_of(entry)))
    return tuple(name for _, _, name in sorted(timed))


def told(differences: Sequence[Difference], *, reveal: bool) -> list[str]:
    """Return in what a sibling differs, a line each; or only in which kinds of things, which gives nothing away."""
    if reveal:
        return [f"{d.where}: {d.was} -> {d.now}" for d in differences]
    kinds = {"choices": False, "values": False, "names": False}
    for one in differences:
        kinds["names" if one.where == EVERYWHERE else "choices" if one.choice else "values"] = True
    listed = ", ".join(kind for kind, there in kinds.items() if there) or "nothing"
    return [f"differs in {listed}; --show says in which"]


def _exchange(words: dict[str, str], old: str, new: str) -> None:
    """Have `old` stand for `new`, and `new` for `old` unless it stands for something already."""
    if old != new:
        words[old] = new
        words.setdefault(new, old)


def _with_option(root: Node, written: Node, option: Option, path: Path, report: Report) -> Node:
    for i, address in enumerate(option.drop):
        found = find(root, address)
        if found.rest or not found.path or not isinstance(found.path[-1], int):
            report((*path, "drop", i), _leads_nowhere(found) if found.rest else "is no entry of a list")
        else:
            root = without_entry(root, found.path)
    for address in option.add:
        found = find(root, address)
        more = at(written, ("add", address)).value
        if found.rest or not isinstance(found.node.value, tuple) or not isinstance(more, tuple):
            report((*path, "add", address), _leads_nowhere(found) if found.rest else "is no list")
        else:
            root = with_value(root, found.path, replace(found.node, value=(*found.node.value, *more)))
    for address in option.set:
        new = at(written, ("set", address))
        found = find(root, address)
        if not found.rest:
            root = with_value(root, found.path, new)
        elif isinstance(found.node.value, dict):
            root = with_value(root, (*found.path, found.rest), new)
        else:
            report((*path, "set", address), _leads_nowhere(found))
    return root


def _leads_nowhere(found: Found) -> str:
    step = found.rest or "it"
    first = found.rest.split(".")[0]
    if not found.known:
        return f"leads nowhere: there is nothing below, so no {quoted(step)}"
    hint = did_you_mean(first, found.known)
    listed = "" if hint else f"; there is {', '.join(sorted(found.known)[:12])}"
    return f"leads nowhere: there is no {quoted(first)} there{hint}{listed}"
