"""Problems of scenario files, collected so that an author sees all of them at once.

Every stage of loading (YAML, validation, references) adds to one `Problems`; the loader raises it as a single
ScenarioError with one line a problem: `file:line:col: path: message (did you mean 'x'?)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from incidentsim.errors import ScenarioError
from incidentsim.text import clean

MAX_SHOWN = 50
"""Most problems printed: nobody reads past a screenful."""

MAX_COLLECTED = 200
"""Most problems collected: a hostile file could have thousands, and each costs a suggestion."""

_LONGEST_WORD = 64
"""Longest word that is compared for a suggestion: the comparison is quadratic in its length."""

_LONGEST_MESSAGE = 400
"""Longest printed message, in code points: some quote what the file says."""

Path = tuple[str | int, ...]
"""Where a value sits in a document: keys and indexes from the top."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One thing that is wrong, at a line and column counted from 1."""

    line: int
    column: int
    path: str
    message: str


class TooManyProblems(Exception):
    """The collection is full; whoever collects stops here and raises what there is."""


class Problems:
    """What is wrong with a scenario so far, by file in the order in which problems were met."""

    __slots__ = ("_by_file", "_seen")

    def __init__(self) -> None:
        self._by_file: dict[str, list[Problem]] = {}
        self._seen: set[tuple[str, Problem]] = set()

    def __bool__(self) -> bool:
        return any(self._by_file.values())

    def add(self, file: str, line: int, column: int, path: Path, message: str) -> None:
        """Record a problem; the same one twice counts once. Raises TooManyProblems when it was the last."""
        problem = Problem(line=line, column=column, path=show_path(path), message=message)
        if (file, problem) not in self._seen:
            self._seen.add((file, problem))
            self._by_file.setdefault(file, []).append(problem)
            if len(self._seen) >= MAX_COLLECTED:
                raise TooManyProblems

    def lines(self) -> list[str]:
        """Return the printed lines, sorted by file, line and column."""
        out = []
        for file, problems in self._by_file.items():
            for p in sorted(problems):
                where = f"{file}:{p.line}:{p.column}: "
                path = f"{p.path}: " if p.path else ""
                out.append(clean(where + path + p.message, limit=_LONGEST_MESSAGE))
        if len(out) > MAX_SHOWN:
            more = "at least " if len(out) >= MAX_COLLECTED else ""
            out[MAX_SHOWN:] = [f"… and {more}{len(out) - MAX_SHOWN} more problems"]
        return out

    def raise_if_any(self) -> None:
        """Raise ScenarioError with every problem, when there is one."""
        if self:
            raise ScenarioError("\n".join(self.lines()))


def show_path(path: Path) -> str:
    """Return a path as people write it: `timeline[3].fault.kind`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step[:_LONGEST_WORD]}" if text else step[:_LONGEST_WORD]
    return text


def did_you_mean(word: object, candidates: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the candidate nearest to `word`, or nothing."""
    if not isinstance(word, str) or len(word) > _LONGEST_WORD:
        return ""
    names = sorted(set(candidates))
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if not close:
        lowered = {name.lower(): name for name in names}
        close = [lowered[n] for n in get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)]
    return f" (did you mean {close[0]!r}?)" if close else ""


def quoted(value: object) -> str:
    """Return a value from a file for a message: quoted, cleaned, short."""
    text = repr(value)
    return clean(text if len(text) <= 60 else text[:57] + "…'")
