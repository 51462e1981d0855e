"""The signals of a recorded session as its dashboards showed them: made again by a replay with telemetry.

For reports. A replay costs seconds, so what it gave is kept in the cache directory, keyed by engine, scenario
and the record's last link.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from incidentsim.exact import canonical_json, sha256_hex
from incidentsim.scenario.model import Scenario
from incidentsim.session.charts import BAND_STEP_US, tile_specs
from incidentsim.session.engine import ENGINE_COMPAT
from incidentsim.session.moment import open_at
from incidentsim.session.ports import WorldFactory, real_world
from incidentsim.sources import source_digest
from incidentsim.transcript import queries
from incidentsim.transcript.model import Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedSignal:
    """One tile of the overview over the whole session: points (scenario µs, value), usual range, its line."""

    key: str
    title: str
    unit: str
    points: tuple[tuple[int, float], ...]
    band: tuple[float, float] | None
    line: float | None
    line_title: str


def replayed_signals(
    transcript: Transcript, scenario: Scenario, path: Path, *, cache: Path | None = None,
    world_factory: WorldFactory = real_world,
) -> tuple[ReplayedSignal, ...]:  # fmt: skip
    """Return the overview's signals every 15 s.

    Raises TranscriptError for another scenario's record, DigestMismatch for another engine's.
    """
    kept = cache / f"signals-{_key(transcript, scenario)}.json" if cache is not None and scenario.digest else None
    if kept is not None and (found := _read(kept)) is not None:
        return found
    end_us = queries.end_us(transcript)
    session = open_at(transcript, scenario, path, end_us, world_factory=world_factory)
    bands = {tile.key: tile.band for tile in session.charts.tiles(session.now_us)}
    signals = []
    for spec in tile_specs(scenario):
        curves = session.charts.curves(spec.promql, -scenario.prelude, end_us, BAND_STEP_US)
        points = tuple((t, float(value)) for t, value in curves[0].points if isfinite(value)) if curves else ()
        signals.append(ReplayedSignal(
            key=spec.key, title=spec.title, unit=spec.unit, points=points, band=bands.get(spec.key),
            line=spec.objective, line_title=spec.line if spec.objective is not None else "",
        ))  # fmt: skip
    found = tuple(signals)
    if kept is not None:
        _write(kept, found)
    return found


def _key(transcript: Transcript, scenario: Scenario) -> str:
    last = transcript.records[-1].link if transcript.records else str(transcript.header.get("link", ""))
    return sha256_hex(canonical_json([ENGINE_COMPAT, source_digest(), scenario.digest, last]))


def _read(path: Path) -> tuple[ReplayedSignal, ...] | None:
    try:
        value: Any = json.loads(path.read_bytes())
        return tuple(
            ReplayedSignal(
                key=s["key"], title=s["title"], unit=s["unit"], line=s["line"], line_title=s["line_title"],
                points=tuple((int(t), float(v)) for t, v in s["points"]),
                band=None if s["band"] is None else (float(s["band"][0]), float(s["band"][1])),
            )
            for s in value
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def _write(path: Path, signals: tuple[ReplayedSignal, ...]) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps([asdict(signal) for signal in signals]), encoding="utf-8")
        part.replace(path)
    except OSError:
        return  # a cache that can't be written costs time, nothing else
