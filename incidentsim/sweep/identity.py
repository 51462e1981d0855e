"""What plays a cell: two engines that are equal here give equal results.

Compared between a sweep and its workers, and between a sweep and the results it goes on from.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from incidentsim import __version__
from incidentsim.exact import canonical_json, sha256_hex
from incidentsim.session.engine import ENGINE_COMPAT
from incidentsim.sources import digest_of

_SOURCES = (
    "client_api.py", "commands", "events.py", "exact.py", "policies", "scenario", "scoring", "session", "specs",
    "sweep", "telemetry", "text.py", "transcript", "world",
)  # fmt: skip
"""Parts of the program that decide what a player does, what comes of it, and what it scores."""

_LIBRARIES = ("faker", "promql-parser", "pydantic", "rapidfuzz", "simpy")
"""Distributions whose version can show in a result: names of a cast, queries, matched questions, the event kernel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One installation. `source` is the digest of the program's files; `python` has no patch level, since the
    digests of runs don't depend on it."""

    version: str
    compat: int
    source: str
    python: str
    libraries: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)

    @property
    def digest(self) -> str:
        """The digest that travels with every result."""
        return sha256_hex(canonical_json(self.to_json()))

    def differences(self, other: dict[str, Any]) -> str:
        """Return in words what another engine (`to_json`) has otherwise than this one; empty when nothing."""
        mine = self.to_json()
        found = []
        for name in ("version", "compat", "python"):
            if other.get(name) != mine[name]:
                word = "engine compat" if name == "compat" else "incidentsim" if name == "version" else "Python"
                found.append(f"{word} {other.get(name)} instead of {mine[name]}")
        theirs = other.get("libraries") or {}
        found += [
            f"{name} {theirs.get(name)} instead of {wanted}"
            for name, wanted in self.libraries.items()
            if theirs.get(name) != wanted
        ]
        if other.get("source") != self.source:
            found.append(f"other program files (source digest {str(other.get('source'))[:12]}, not {self.source[:12]})")
        return ", ".join(found)


@lru_cache(maxsize=1)
def this_engine() -> Engine:
    """Return what this process runs."""
    return Engine(
        version=__version__,
        compat=ENGINE_COMPAT,
        source=digest_of(_SOURCES),
        python=f"{platform.python_implementation()} {sys.version_info[0]}.{sys.version_info[1]}",
        libraries={name: _version(name) for name in _LIBRARIES},
    )


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "missing"
