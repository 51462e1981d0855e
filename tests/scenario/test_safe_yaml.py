"""The strict YAML reader: bombs, limits, scalars, marks, with both parsers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from incidentsim.scenario.problems import Problems
from incidentsim.scenario.safe_yaml import HAS_LIBYAML, PYTHON_LIMITS, Document, Place, load_yaml

PARSERS = [pytest.param(True, id="python")] + ([pytest.param(False, id="libyaml")] if HAS_LIBYAML else [])


def _lol() -> str:
    text, previous = 'a: &a ["lol"]\n', "a"
    for letter in "bcdefghi":
        text += f"{letter}: &{letter} [" + ",".join([f"*{previous}"] * 9) + "]\n"
        previous = letter
    return text


BOMBS: dict[str, tuple[str, str]] = {
    "billion-laughs": (_lol(), "anchors are not allowed"),
    "alias": ("a: 1\nb: *a\n", "aliases are not allowed"),
    "merge-keys": ("a: {<<: {b: 1}}\n", "merge keys (<<) are not allowed"),
    "open-lists": ("[" * 200_000, "nested deeper than 24 levels"),
    "closed-lists": ("[" * 100_000 + "]" * 100_000, "nested deeper than 24 levels"),
    "deep-mappings": ("{a: " * 3_000 + "1" + "}" * 3_000, "nested deeper than 24 levels"),
    "deep-blocks": ("\n".join(" " * i + "a:" for i in range(250)), "nested deeper than 24 levels"),
    "deep-dashes": ("- " * 20_000, "nested deeper than 24 levels"),
    "complex-keys": ("? " * 2_000 + "a", "a key must be plain text"),
    "python-object": ('!!python/object/apply:os.system ["id"]', "tags are not allowed"),
    "long-scalar": ("x: " + "9" * 20_000, "a text longer than 16,384 characters"),
    "many-nodes": (("- [" + "a," * 400 + "a]\n") * 60, "more than 20,000 values in one file"),
    "duplicate-key": ("a: 1\na: 2\n", "duplicate key 'a', first on line 1"),
    "escaped-nul": ('a: "\\0"', "the escaped character U+0000 is not allowed"),
    "directive": ("%YAML 1.1\n---\na: 1\n", "directives (%YAML, %TAG) are not allowed"),
    "two-documents": ("a: 1\n---\na: 2\n", "one file holds one document"),
}
"""The named bombs: each text, and what is said of it."""


def read(text: str | bytes, *, python: bool = False) -> tuple[Document | None, list[str]]:
    """Read one document and return it with the problems' lines."""
    problems = Problems()
    raw = text if isinstance(text, bytes) else text.encode()
    return load_yaml(raw, "f.yaml", problems, pure_python=python), problems.lines()


@pytest.mark.parametrize("python", PARSERS)
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_with_its_reason(name: str, python: bool) -> None:
    """Each of the sixteen named bombs is refused, with the reason or for its size."""
    text, reason = BOMBS[name]
    _, lines = read(text, python=python)
    too_large = python and len(text) > PYTHON_LIMITS.size
    assert len(lines) == 1
    expected = "the file is larger than 40 KiB" if too_large else reason
    assert expected in lines[0]


def test_a_deep_bomb_does_not_end_the_process() -> None:
    """200 kB of opening brackets end as a problem in a fresh interpreter, not as a segmentation fault."""
    code = (
        "from incidentsim.scenario.problems import Problems\n"
        "from incidentsim.scenario.safe_yaml import load_yaml\n"
        "p = Problems()\n"
        "print(load_yaml(b'[' * 200_000, 'f', p), len(p.lines()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "None 1\n")


@pytest.mark.parametrize("python", PARSERS)
def test_scalars_follow_yaml_1_2(python: bool) -> None:
    """Only true, false, null, decimal integers and fractions are not text."""
    text = (
        "a: no\nb: 22:30\nc: 2024-01-01\nd: 012\ne: 1_000\nf: 1e9\ng: .inf\nh: 1.5\ni: true\nj: ~\nk:\n"
        "l: null\nm: -7\nn: '7'\no: 0x10\np: True\n1: one\n"
    )
    document, lines = read(text, python=python)
    assert lines == []
    assert document is not None
    assert document.data == {
        "a": "no", "b": "22:30", "c": "2024-01-01", "d": "012", "e": "1_000", "f": "1e9", "g": ".inf",
        "h": 1.5,
        "i": True, "j": None, "k": None, "l": None, "m": -7, "n": "7", "o": "0x10", "p": "True", "1": "one",
    }  # fmt: skip


@pytest.mark.parametrize("python", PARSERS)
def test_marks_give_the_place_of_keys_and_values(python: bool) -> None:
    """Keys and values are found at line and column from 1, also behind characters of several bytes."""
    document, _ = read("é: ä\nlist:\n  - name: x\n    rate: {p50: 3}\n", python=python)
    assert document is not None
    marks = document.marks
    assert marks.find(("é",)) == Place(1, 4)
    assert marks.find(("list", 0, "rate"), key=True) == Place(4, 5)
    assert marks.find(("list", 0, "rate", "p50")) == Place(4, 17)
    assert marks.find(("list", 0, "absent", "deeper")) == Place(3, 5)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"a: \xff\n", "f.yaml:1:4: not UTF-8 text; save the file as UTF-8"),
        ("a: 1\n".encode("utf-16"), "f.yaml:1:1: not UTF-8 text; save the file as UTF-8"),
        (b"a: 1\nb: \x07\n", "f.yaml:2:4: the character U+0007 is not allowed; remove it"),
        (b"# nothing\n", "f.yaml:1:1: the file is empty"),
        (b"a: 1\n b: 2\n", "f.yaml:2:3: not valid YAML: mapping values are not allowed in this context"),
    ],
)
def test_unreadable_files_say_where(raw: bytes, line: str) -> None:
    """A file that is no YAML text is refused at the place where it stops being one."""
    assert read(raw)[1] == [line]


def test_a_byte_order_mark_is_accepted() -> None:
    """A UTF-8 byte order mark, as some editors write it, changes nothing."""
    document, lines = read(b"\xef\xbb\xbfa: 1\n")
    assert (document is not None and document.data, lines) == ({"a": 1}, [])


def test_all_duplicate_keys_are_reported() -> None:
    """Every duplicate key is reported, and the first value stays."""
    document, lines = read("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert document is not None and document.data == {"a": 1, "b": {"c": 1}}
    assert lines == [
        "f.yaml:2:11: b.c: duplicate key 'c', first on line 2",
        "f.yaml:3:1: a: duplicate key 'a', first on line 1",
    ]


def test_hostile_keys_are_shown_harmlessly() -> None:
    """What a message quotes from a file can't move the cursor or flood the screen."""
    _, lines = read('"\\u202e' + "k" * 9_000 + '": 1\n"\\u202e' + "k" * 9_000 + '": 2\n')
    assert len(lines) == 1
    assert len(lines[0]) <= 400
    assert "\u202e" not in lines[0]


@pytest.mark.parametrize(
    ("text", "most"),
    [("a: [" + "x," * 501 + "x]", 500), ("\n".join(f"k{i}: 1" for i in range(102)), 100)],
)
def test_lists_and_mappings_are_bounded(text: str, most: int) -> None:
    """A list or a mapping with more entries than any scenario needs is refused."""
    _, (line,) = read(text)
    assert line.endswith(f"more than {most} entries in one place")
