"""The certificate of a scenario: a canonical JSON file in its folder, bound to the scenario's digest and to compat.

Made by `certify.run`, read by `scenario certify --check` and by the generated table of scenarios. Its own digest covers
everything but `measured`, the figures of the machine that made it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidentsim.certify.check import Check, plain
from incidentsim.exact import canonical_json, sha256_hex
from incidentsim.scenario.model import Scenario
from incidentsim.session.engine import ENGINE_COMPAT
from incidentsim.sweep.identity import this_engine

SCHEMA = "incidentsim-certificate/1"
"""Name of the JSON shape."""

FILE = "certificate.json"
"""Its name in a scenario's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What was proven of one scenario, by which engine, over which seeds and with which players.

    `source` is the digest of the program's files that decide results: it tells what made a certificate, and a change of
    it alone doesn't make one stale. `measured` holds what depends on the machine.
    """

    scenario: str
    version: int
    scenario_digest: str
    compat: int
    source: str
    seeds: tuple[int, ...]
    players: tuple[str, ...]
    checks: tuple[dict[str, Any], ...]
    difficulty: dict[str, Any]
    first_signal_s: float | None
    measured: dict[str, Any]

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return all(check["ok"] for check in self.checks)

    @property
    def digest(self) -> str:
        """SHA-256 of its canonical JSON without the digest and without `measured`."""
        return sha256_hex(canonical_json(self._proven()))

    def check(self, name: str) -> dict[str, Any]:
        """Return one check by its name. Raises KeyError."""
        for check in self.checks:
            if check["name"] == name:
                return check
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**self._proven(), "digest": self.digest, "measured": plain(self.measured)}

    def _proven(self) -> dict[str, Any]:
        proven: dict[str, Any] = plain({
            "schema": SCHEMA, "scenario": self.scenario, "version": self.version,
            "scenario_digest": self.scenario_digest, "compat": self.compat, "source_digest": self.source,
            "seeds": self.seeds, "players": self.players, "ok": self.ok, "checks": self.checks,
            "difficulty": self.difficulty, "first_signal_s": self.first_signal_s,
        })  # fmt: skip
        return proven


def made(
    scenario: Scenario,
    *,
    seeds: Iterable[int],
    players: Iterable[str],
    checks: Iterable[Check],
    first_signal_s: float | None,
    measured: dict[str, Any],
) -> Certificate:
    """Return the certificate of these checks by this engine."""
    found = tuple(check.to_json() for check in sorted(checks, key=lambda check: check.number))
    difficulty: dict[str, Any] = next((check["figures"] for check in found if check["name"] == "difficulty"), {})
    return Certificate(
        scenario=scenario.id, version=scenario.version, scenario_digest=scenario.digest, compat=ENGINE_COMPAT,
        source=this_engine().source, seeds=tuple(seeds), players=tuple(players), checks=found, difficulty=difficulty,
        first_signal_s=first_signal_s, measured=measured,
    )  # fmt: skip


def write(certificate: Certificate, path: Path) -> Path:
    """Write a certificate to a file, whole or not at all; return its path."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(canonical_json(certificate.to_json()) + "\n", encoding="utf-8")
    part.replace(path)
    return path


def read(path: Path) -> Certificate | None:
    """Return the certificate in a file; None when there is none, or what is there is not one."""
    try:
        value = json.loads(path.read_bytes())
        if value["schema"] != SCHEMA:
            return None
        certificate = Certificate(
            scenario=value["scenario"], version=value["version"], scenario_digest=value["scenario_digest"],
            compat=value["compat"], source=value["source_digest"], seeds=tuple(value["seeds"]),
            players=tuple(value["players"]), checks=tuple(value["checks"]), difficulty=value["difficulty"],
            first_signal_s=value["first_signal_s"], measured=value["measured"],
        )  # fmt: skip
        return certificate if certificate.digest == value["digest"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def better_there(path: Path, scenario: Scenario, certificate: Certificate) -> bool:
    """Return whether a file holds a certificate of the same scenario and program over more seeds or players."""
    there = None if staleness(path, scenario) else read(path)
    if there is None or there.source != certificate.source:
        return False
    return (len(there.seeds), len(there.players)) > (len(certificate.seeds), len(certificate.players))


def staleness(path: Path, scenario: Scenario) -> str:
    """Return why the certificate in a file does not hold for the scenario of today; empty when it does."""
    if not path.exists():
        return "it has no certificate"
    certificate = read(path)
    if certificate is None:
        return f"its {path.name} is damaged, or was edited"
    if certificate.scenario_digest != scenario.digest:
        return f"its certificate is of another version ({certificate.scenario_digest[:12]}, not {scenario.digest[:12]})"
    if certificate.compat != ENGINE_COMPAT:
        return f"its certificate is of engine compat {certificate.compat}, not {ENGINE_COMPAT}"
    return ""
