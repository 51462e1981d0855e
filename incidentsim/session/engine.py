"""Which engine this is: written into every header, asked for by replay, certificates and `doctor`."""

from __future__ import annotations

import platform
from functools import lru_cache
from pathlib import Path
from typing import Any

from incidentsim import __version__
from incidentsim.exact import sha256_hex

ENGINE_COMPAT = 2
"""Rises whenever a golden digest changes: transcripts of another compat don't replay to the same bits."""

RNG = "keyed/1"
"""Name of the way random numbers are drawn (`exact.Draws`)."""

TICK_US = 100_000
"""Commands apply at multiples of this: 100 ms, below what a person can time, coarse enough to name."""

_SOURCES = ("exact.py", "scenario", "specs", "telemetry", "world")
"""What decides a digest; in the order they are hashed."""


def source_digest() -> str:
    """Return a digest of the Python files that decide what a world does, in order of their paths."""
    return digest_of_sources(_SOURCES)


@lru_cache(maxsize=2)
def digest_of_sources(parts: tuple[str, ...]) -> str:
    """Return a digest of the Python files of some parts (modules or packages) of incidentsim, in this order."""
    package = Path(__file__).resolve().parent.parent
    found: list[Path] = []
    for name in parts:
        entry = package / name
        found += sorted(entry.rglob("*.py"), key=lambda p: p.as_posix()) if entry.is_dir() else [entry]
    listing = [f"{path.relative_to(package).as_posix()} {sha256_hex(path.read_bytes())}" for path in found]
    return sha256_hex("\n".join(listing))


def engine_header() -> dict[str, Any]:
    """Return the header's `engine` object."""
    return {
        "name": "incidentsim",
        "version": __version__,
        "compat": ENGINE_COMPAT,
        "source_digest": source_digest(),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
