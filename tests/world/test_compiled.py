"""The compiled world (`make fast`), where there is a build of these sources: the same world to the bit."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import benchmarks
import incidentsim
from benchmarks.digests import run_child
from incidentsim import sources
from tools.compile_world import INTERPRETED, modules

needs_build = pytest.mark.skipif(not sources.build_path().is_dir(), reason="no build of these sources: `make fast`")


@needs_build
@pytest.mark.parametrize("what", ["chat", "assistant", "multi-region"])
def test_the_compiled_world_is_the_same_to_the_bit(what: str) -> None:
    """Every checkpoint's digests, of dynamics and of telemetry, agree with those of the interpreted world."""
    interpreted, compiled = (run_child(sys.executable, "7", pure, what, "on", "8137911") for pure in ("1", "0"))
    assert compiled.form == "compiled"
    assert interpreted.form == "interpreted"
    assert (compiled.dyn, compiled.tel, compiled.marks) == (interpreted.dyn, interpreted.tel, interpreted.marks)


DRAW = """
import json, sys
from incidentsim.exact import Draws, QuantileTable
from incidentsim.sources import compiled
tables = [QuantileTable([(int(p), v) for p, v in points]) for points in json.loads(sys.argv[1])]
indexes, numbers = json.loads(sys.argv[2]), json.loads(sys.argv[3])
out = []
for seed in range(12):
    draws = Draws(seed, "tenant", "gap")
    for i in indexes:
        out.append([draws.below(i, n) for n in numbers])
        out.append([of(i, table) for table in tables for of in (draws.quantile, draws.pick)])
        out.append([draws.exponential(i).hex(), draws.u(i).hex(), str(draws.bits(i))])
print(json.dumps([compiled(), out]))
"""
"""A program that draws, and says whether it did so as machine code."""


@needs_build
def test_compiled_draws_are_the_same_to_the_bit() -> None:
    """Wherever native integers could run over: around 2**31, 2**32, 2**61, 2**62 and 2**64, and in long rows."""
    tables = [[(0, 3), (250_000, 40), (250_001, 41), (999_999, 2**33), (1_000_000, 2**50)], [(0, 0), (1_000_000, 0)]]
    edges = [2**k + d for k in (31, 32, 40, 60, 61, 62, 63, 64, 70) for d in (-1, 0, 1)]
    numbers = [1, 2, 7, 1_000_000, *(2**k + d for k in (30, 31, 32, 62, 63, 64) for d in (-1, 0, 1))]
    given = [json.dumps(value) for value in (tables, [*range(100), *edges, 5, 99, 100], numbers)]
    found = []
    for pure in ("1", "0"):
        environment = {**os.environ, sources.PURE_VARIABLE: pure}
        program = [sys.executable, "-c", DRAW, *given]
        found.append(json.loads(subprocess.run(program, env=environment, check=True, capture_output=True).stdout))
    assert [form for form, _ in found] == [False, True]
    assert found[0][1] == found[1][1]


def test_a_build_is_used_only_for_the_sources_it_was_made_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build under the right digest goes first on the package's path, one of other sources is passed over."""
    monkeypatch.setattr(sources, "BUILDS", tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv(sources.PURE_VARIABLE)
    right = sources.build_path()
    right.with_name("cpython-311-x86_64-linux-gnu-0123456789abcdef").mkdir()
    found = ["incidentsim"]
    sources.use_build(found)
    assert found == ["incidentsim"]
    right.mkdir()
    sources.use_build(found)
    assert found == [str(right / "incidentsim"), "incidentsim"]
    monkeypatch.setenv(sources.PURE_VARIABLE, "1")
    pure = ["incidentsim"]
    sources.use_build(pure)
    assert pure == ["incidentsim"]


def test_what_a_build_depends_on_changes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One changed byte of any file that the compiled modules import gives another digest."""
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(sources, "PACKAGE", tmp_path)
    before = sources.digest_of(("world",))
    (tmp_path / "world" / "a.py").write_text("x = 2\n")
    assert sources.digest_of(("world",)) != before


def test_what_derives_from_a_compiled_class_is_compiled() -> None:
    """An interpreted class can't: with a build it fails when its first object is made, which nobody notices without."""
    built = {f"incidentsim.{name.removesuffix('.py').replace('/', '.')}" for name in modules()}
    wrong = []
    for package in (incidentsim, benchmarks):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.endswith("__main__") or found.name in built:
                continue
            for one in vars(importlib.import_module(found.name)).values():
                if isinstance(one, type) and one.__module__ == found.name and not issubclass(one, Exception):
                    wrong += [f"{found.name}.{one.__name__}" for base in one.__bases__ if base.__module__ in built]
    assert wrong == []


def test_everything_but_the_exceptions_is_compiled() -> None:
    """All modules of the world are named once, packages' own files and the exceptions left out."""
    names = modules()
    assert len(names) == len({*names})
    assert "world/stack/engine/replica.py" in names
    assert not any(name.startswith(INTERPRETED) or name.endswith("__init__.py") for name in names)
