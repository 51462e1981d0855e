"""R5: a scenario file can't crash or hang the loader, whatever it holds.

`python -m benchmarks.scenario_fuzz [--files 20000] [--seed 1]` damages the files of scenarios that ship, one a time,
in thirteen ways, and loads each; then the named bombs. Every file loads or is refused with ScenarioError, within
100 ms of processor time. It prints a row a way, with the worst time, and ends with 1 when that does not hold. The
test suite runs a short form of it, without looking at times.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from incidentsim.errors import ScenarioError
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.places import packaged_root

LIMIT_MS = 100
"""Most processor time that one file may take, in ms (R5)."""

HANGS_AFTER_S = 5
"""Processor time after which a load is broken off and counted as a hang."""

Damage = Callable[[str, random.Random], bytes]

_VALUE = re.compile(r"(?<=: )[^\s{\[,][^,}\n]{0,80}")
_ODD = (
    "null", "true", "-1", "0", "1e308", "1e999999999", ".inf", ".nan", "9" * 400, "-" + "9" * 30, "0x1f", "22:30",
    "[]", "{}", "[[]]", "{a: {b: c}}", "''", '"\\u202e"', "²", "½", "999999999999d", "-5m", "5", "12h60m", "unlimited",
    "100%", "p50", "{tenant.x}", "{clock}", "node-999999", "tenant.", "..",
    "~", "!", "@", "`", "%", "- - -", "? a", "a: b: c",
)  # fmt: skip
_LINES = (
    "x: &a [*a, *a]", "<<: *base", "a: !!python/object/apply:os.system ['x']", "b: !!binary AAAA", "%TAG ! tag:x,2000:",
    "--- ", "...", "\t tab: 1", "? [complex, key]", "id: twice", "x: |2-", "x: >", "- stray", "}{", "\ufeff", "# only",
)  # fmt: skip
_TAGS = (
    "!!python/object/apply:os.system [x]", "!!python/name:os.system", "!!int x", "!x y", "!<tag:x> y", "!!set {a, b}",
    "!!timestamp 2001-01-01", "!!float .inf", "!!null x",
)  # fmt: skip
_PATHS = (
    "../x.jsonl", "/etc/passwd", "reference/../../x.jsonl", "C:\\\\x.jsonl", "reference/" + "a/" * 50 + "x.jsonl",
    "a" * 300 + ".jsonl", "a" * 110 + ".jsonl", "reference/.jsonl", "link.jsonl", "loop.jsonl", "fifo.jsonl",
    "reference/\\0.jsonl", "reference", ".", "~/x.jsonl", "x.jsonl\\n",
)  # fmt: skip
_STACKS = ("../chat", "/chat", "a" * 5_000, "a" * 300, "chat.yaml", "CHAT", "9" * 400, "-")
_QUERIES = (
    "(" * 500, "-" * 1_900 + "1", "sum by (" + "a," * 500 + "b) (x)", "a[" + "5m" * 200 + "]", "rate(x",
    "+".join(["up"] * 300), "x{a=~\"" + "(a+)+" * 200 + "$\"}", "9" * 1_500, "a or " * 300 + "a", "\\\\",
    "((((up))))" * 30, "a[" + "9" * 400 + "]", "a offset " + "9" * 400, "a[1e300]", "a @ " + "9" * 300, "a[5m:1e300]",
    "holt_winters(a[1e99999m], 1, 1)",
)  # fmt: skip


def _flip(text: str, draw: random.Random) -> bytes:
    raw = bytearray(text.encode("utf-8"))
    for _ in range(draw.randrange(1, 9)):
        at = draw.randrange(len(raw))
        raw[at] ^= 1 << draw.randrange(8)
    return bytes(raw)


def _lines(text: str, draw: random.Random) -> bytes:
    lines = text.split("\n")
    for _ in range(draw.randrange(1, 6)):
        at, other = draw.randrange(len(lines)), draw.randrange(len(lines))
        match draw.randrange(4):
            case 0:
                del lines[at : at + draw.randrange(1, 4)]
            case 1:
                lines.insert(at, lines[other])
            case 2:
                lines[at], lines[other] = lines[other], lines[at]
            case 3:
                lines[at] = " " * draw.randrange(12) + lines[at].lstrip()
        lines = lines or [""]
    return "\n".join(lines).encode()


def _value(text: str, draw: random.Random) -> bytes:
    """Put a value of another type, or from elsewhere in the file, in place of some."""
    found = list(_VALUE.finditer(text))
    for match in sorted(draw.sample(found, min(len(found), draw.randrange(1, 5))), key=lambda m: -m.start()):
        new = draw.choice(_ODD) if draw.random() < 0.6 else draw.choice(found)[0]
        text = text[: match.start()] + new + text[match.end() :]
    return text.encode()


def _deep(text: str, draw: random.Random) -> bytes:
    depth = draw.choice((20, 25, 200, 5_000, 100_000))
    opened, closed = draw.choice((("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")))
    return _at_a_value(text, opened * depth + "x" + (closed * depth if draw.random() < 0.5 else ""), draw)


def _huge(text: str, draw: random.Random) -> bytes:
    digits = draw.choice((18, 19, 40, 5_000, 200_000))
    return _at_a_value(text, draw.choice(("", "-", "0.", "1e")) + "9" * digits, draw)


def _aliases(text: str, draw: random.Random) -> bytes:
    """Billion laughs, quadratic blow-up, and aliases to themselves."""
    levels = draw.randrange(1, 40)
    rows = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return _insert(text, rows if draw.random() < 0.7 else ["s: &s [*s, *s]"], draw)


def _merges(text: str, draw: random.Random) -> bytes:
    rows = ["m0: {a: 1}"] + [f"m{i}: {{<<: [m{i - 1}, m{i - 1}], k{i}: 1}}" for i in range(1, draw.randrange(2, 200))]
    return _insert(text, rows if draw.random() < 0.5 else ["<<: {id: other}"], draw)


def _tags(text: str, draw: random.Random) -> bytes:
    tag = draw.choice(_TAGS)
    return _at_a_value(text, tag, draw)


def _long(text: str, draw: random.Random) -> bytes:
    """Long texts, keys, lists and mappings, at and beyond the limits."""
    size = draw.choice((200, 4_001, 16_385, 70_000, 262_000, 300_000))
    match draw.randrange(4):
        case 0:
            return _at_a_value(text, "'" + draw.choice("aé✖{") * size + "'", draw)
        case 1:
            return _insert(text, ["k" * size + ": 1"], draw)
        case 2:
            return _at_a_value(text, "[" + "x, " * min(size // 3, 40_000) + "x]", draw)
    return _insert(text, [f"k{i}: {i}" for i in range(min(size // 8, 20_000))], draw)


def _bytes(text: str, draw: random.Random) -> bytes:
    """Text that is no UTF-8, or holds what no text should."""
    raw = text.encode("utf-8")
    at = draw.randrange(len(raw))
    bad = draw.choice((b"\x00", b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\x1b[31m", b"\x85",
                       "\u2028".encode(), "\u202e".encode(), b"\r", b"\x7f", b"\xef\xbb\xbf"))  # fmt: skip
    if draw.random() < 0.1:
        return text.encode(draw.choice(("utf-16", "utf-32")))
    return raw[:at] + bad * draw.choice((1, 1, 50)) + raw[at:]


def _many(text: str, draw: random.Random) -> bytes:
    """Copies of a whole block of the file, to the limits of what a list may hold, and beyond."""
    lines = text.split("\n")
    start = draw.randrange(len(lines))
    block = lines[start : start + draw.randrange(1, 30)]
    copies = draw.choice((3, 30, 400, 3_000))
    return "\n".join([*lines[:start], *block * copies, *lines[start:]])[: 400 * 1024].encode()


def _paths(text: str, draw: random.Random) -> bytes:
    """Names of files and stacks that lead elsewhere, or nowhere."""
    name, stack = draw.choice(_PATHS), draw.choice(_STACKS)
    text = re.sub(r"file: [^,\n]+", lambda m: f'file: "{name}"' if draw.random() < 0.5 else m[0], text)
    if draw.random() < 0.3:
        text = re.sub(r"^stack: .*", f'stack: "{stack}"', text, flags=re.M)
    return text.encode()


def _promql(text: str, draw: random.Random) -> bytes:
    """Expressions that are wrong, or take long to read."""
    expr = draw.choice(_QUERIES)
    return re.sub(r"expr: .*", lambda m: "expr: '" + expr.replace("'", "''") + "'" if draw.random() < 0.3 else m[0],
                  text).encode()  # fmt: skip


def _at_a_value(text: str, new: str, draw: random.Random) -> bytes:
    found = list(_VALUE.finditer(text))
    match = draw.choice(found)
    return (text[: match.start()] + new + text[match.end() :]).encode()


def _insert(text: str, rows: list[str], draw: random.Random) -> bytes:
    lines = text.split("\n")
    at = draw.choice((0, 2, len(lines) // 2, len(lines)))
    if draw.random() < 0.3:
        rows = [*rows, draw.choice(_LINES)]
    return "\n".join([*lines[:at], *rows, *lines[at:]]).encode()


WAYS: dict[str, Damage] = {
    "bits flipped": _flip, "lines lost, doubled, moved": _lines, "values of another type": _value,
    "deep nesting": _deep, "huge numbers": _huge, "aliases, billion laughs": _aliases, "merge keys": _merges,
    "tags": _tags, "long texts, lists, mappings": _long, "bad UTF-8, NUL, controls": _bytes,
    "blocks copied": _many, "paths and links outside": _paths, "hostile PromQL": _promql,
}  # fmt: skip
"""Every way to damage a file, by what it does."""

_HEAD = "id: bomb\nversion: 1\ntitle: x\n"
BOMBS: dict[str, bytes] = {
    "brackets": b"[" * 200_000,
    "braces": b"{a: " * 60_000,
    "dashes": b"- " * 120_000,
    "question marks": b"? " * 120_000,
    "indents": "".join(f"{' ' * i}a:\n" for i in range(700)).encode(),
    "billion laughs": _aliases(_HEAD + "x: 1\n", random.Random(1)),
    "merge keys": ("a: &a {k: 1}\n" + "".join(f"b{i}: &b{i} {{<<: [*a, *a]}}\n" for i in range(5_000))).encode(),
    "one long key": (_HEAD + "k" * 262_000).encode(),
    "one long text": (_HEAD + "summary: '" + "x" * 262_000 + "'").encode(),
    "many short keys": (_HEAD + "".join(f"k{i}: 1\n" for i in range(25_000))).encode(),
    "many wrong entries": (_HEAD + "timeline: [" + "{}, " * 60_000 + "]").encode(),
    "many wrong words": (_HEAD + "".join(f"tittle{i}: 1\n" for i in range(20_000))).encode(),
    "escapes": (_HEAD + 'summary: "' + "\\U0001F4A3" * 20_000 + '"').encode(),
    "comments": ("#" + "x" * 100 + "\n").encode() * 2_500,
    "documents": b"--- a\n" * 40_000,
    "folded": (_HEAD + "summary: >\n" + " x\n\n" * 60_000).encode(),
    "nothing": b"",
    "NUL": b"\x00" * 262_144,
}
"""Files that have hung or crashed YAML readers, by name."""


@dataclass(slots=True)
class Tally:
    """What came of one way: how many files loaded, how many were refused, what else was raised, times in µs."""

    loaded: int = 0
    refused: int = 0
    other: list[str] = field(default_factory=list)
    times_us: list[int] = field(default_factory=list)


class Bench:
    """Copies of the scenarios that ship, of which one file at a time is damaged."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(packaged_root(), root, dirs_exist_ok=True)
        self.scenarios = sorted(path.parent.name for path in root.glob("*/scenario.yaml"))
        self._links()

    def _links(self) -> None:
        """Put links and a pipe beside the files, for names that lead there."""
        for name in self.scenarios:
            folder = self.root / name
            (folder / "link.jsonl").symlink_to("/etc/hostname")
            (folder / "loop.jsonl").symlink_to("loop.jsonl")
            if hasattr(os, "mkfifo"):
                os.mkfifo(folder / "fifo.jsonl")

    def targets(self, name: str) -> list[Path]:
        """Return the files of a scenario that may be damaged: its YAML most often."""
        folder = self.root / name
        stack = re.search(r"^stack: (\S+)", (folder / "scenario.yaml").read_text(encoding="utf-8"), flags=re.M)
        others = [*sorted(folder.glob("reference/*.jsonl"))[:2], *sorted(folder.glob("runbooks/*.md"))[:1]]
        stacks = [self.root / "stacks" / f"{stack[1]}.yaml"] if stack else []
        return [*[folder / "scenario.yaml"] * 5, *stacks * 3, *others]

    def load(self, name: str, path: Path, raw: bytes, tally: Tally) -> None:
        """Load a scenario with `raw` in place of one of its files, and put the file back."""
        before = path.read_bytes()
        path.write_bytes(raw)
        gc.collect(0)
        start = time.process_time_ns()
        try:
            with _broken_off():
                load_scenario(self.root / name)
            tally.loaded += 1
        except ScenarioError:
            tally.refused += 1
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            tally.other.append(f"{path.name}: {type(error).__name__}: {str(error)[:200]}")
        finally:
            tally.times_us.append((time.process_time_ns() - start) // 1_000)
            path.write_bytes(before)


@contextmanager
def _broken_off() -> Iterator[None]:
    """Break off what takes too much processor time, where the platform can."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"more than {HANGS_AFTER_S} s")

    former = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANGS_AFTER_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, former)


def fuzz(root: Path, *, files: int, seed: int) -> dict[str, Tally]:
    """Load `files` damaged files and every bomb; return what came of them, by way."""
    bench = Bench(root)
    for name in bench.scenarios:  # imports and caches are no file's fault
        load_scenario(bench.root / name)
    found = {way: Tally() for way in WAYS}
    ways = list(WAYS.items())
    for number in range(files):
        draw = random.Random(f"{seed}/{number}")
        way, damage = ways[number % len(ways)]
        name = draw.choice(bench.scenarios)
        targets = bench.targets(name)
        if damage is _promql:
            targets = [path for path in targets if path.parent.name == "stacks"]
        if damage is _paths:
            targets = targets[:1]
        path = draw.choice(targets)
        text = path.read_text(encoding="utf-8")
        try:
            raw = damage(text, draw)
        except IndexError:  # nothing of the kind in this file, such as a value in a runbook
            raw = _flip(text, draw)
        bench.load(name, path, raw, found[way])
    found["named bombs"] = Tally()
    for raw in BOMBS.values():
        name = bench.scenarios[0]
        bench.load(name, bench.root / name / "scenario.yaml", raw, found["named bombs"])
    return found


def main() -> int:
    """Print the table; return 1 when a file was neither loaded nor refused, or took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = fuzz(Path(folder) / "scenarios", files=args.files, seed=args.seed)
    print("| damage | files | loaded | refused | anything else | median ms | worst ms |")
    print("|---|---|---|---|---|---|---|")
    for way, tally in found.items():
        times = sorted(tally.times_us) or [0]
        print(f"| {way} | {len(tally.times_us)} | {tally.loaded} | {tally.refused} | {len(tally.other)} "
              f"| {times[len(times) // 2] / 1000:.1f} | {times[-1] / 1000:.1f} |")  # fmt: skip
    everything = [text for tally in found.values() for text in tally.other]
    for text in dict.fromkeys(everything):
        print(text, file=sys.stderr)
    slow = [t for tally in found.values() for t in tally.times_us if t > LIMIT_MS * 1_000]
    print(f"{len(slow)} files took more than {LIMIT_MS} ms of processor time", file=sys.stderr)
    return 1 if everything or slow else 0


if __name__ == "__main__":
    sys.exit(main())
