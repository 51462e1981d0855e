"""The files that decide what a world does, their digest, and the compiled form of them where it was built.

`make fast` (`tools.compile_world`) compiles the world, telemetry and exact arithmetic to C extensions: the same
integers and floats, the same digests, in less than half the time. A build carries the digest of the sources it was
made from in its name, so that one made from other sources is never used. Called by the package itself when it is
imported, by headers, caches and `doctor`.
"""

from __future__ import annotations

import hashlib
import os
import sys
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent

DECIDING = ("exact.py", "scenario", "specs", "telemetry", "world")
"""What decides a digest; in the order they are hashed."""

COMPILED = ("bench", "exact.py", "telemetry", "world")
"""What a build replaces, and what its name is a digest of: whole folders, since a module's neighbours must come from

the same place. `bench` is there because only a compiled class can be derived from a compiled one. What these import
besides stays interpreted and is looked up at run time, so a build does not depend on it."""

BUILDS = PACKAGE.parent / "build" / "fast"
"""Where builds lie: beside the package of a checkout. An installed package has none."""

PURE_VARIABLE = "INCIDENTSIM_PURE"
"""Environment variable: 1 runs the sources even where a build of them is there."""


def digest_of(entries: tuple[str, ...]) -> str:
    """Return a digest of Python files and folders of them, in this order, each folder by paths."""
    found: list[Path] = []
    for name in entries:
        entry = PACKAGE / name
        found += sorted(entry.rglob("*.py"), key=lambda p: p.as_posix()) if entry.is_dir() else [entry]
    listing = [
        f"{path.relative_to(PACKAGE).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in found
    ]
    return hashlib.sha256("\n".join(listing).encode()).hexdigest()


@lru_cache(maxsize=1)
def source_digest() -> str:
    """Return a digest of the Python files that decide what a world does."""
    return digest_of(DECIDING)


def build_path() -> Path:
    """Return where the build of these sources for this Python lies, or would."""
    return BUILDS / f"{EXTENSION_SUFFIXES[0].split('.')[1]}-{digest_of(COMPILED)[:16]}"


def use_build(search_path: list[str]) -> None:
    """Let a package with this `__path__` import its compiled modules, where there is a build of these very sources."""
    if not BUILDS.is_dir() or os.environ.get(PURE_VARIABLE) == "1":
        return
    build = build_path()
    if build.is_dir():
        search_path.insert(0, str(build / PACKAGE.name))
        sys.path.append(str(build))  # the library that all compiled modules share


def compiled() -> bool:
    """Return whether the world runs compiled in this process."""
    import incidentsim

    return len(incidentsim.__path__) > 1
