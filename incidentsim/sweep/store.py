"""A sweep's folder: each finished cell in a file of its own, written at once and whole, so that a sweep can be killed.

    DIR/sweep.json                          what made the cells: the engine, and whether they are scored
    DIR/cells/<scenario>@<its digest>/<player>/<seed>.json
    DIR/results.jsonl                       written at the end: a canonical line for each cell, sorted

Nothing in it depends on when, where or in what order cells were played.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidentsim.errors import UsageError
from incidentsim.exact import canonical_json, sha256_hex
from incidentsim.sweep.cell import Cell, Finished
from incidentsim.sweep.identity import Engine

SCHEMA = "incidentsim-sweep/1"
"""Name of the JSON shape of the folder, and of what `sweep --json` prints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One kept cell. `result` is empty when it failed; then `error` says why, and the file `kept` where."""

    cell: Cell
    scenario_digest: str
    result: dict[str, Any]
    error: str = ""
    kept: Path | None = None

    def line(self) -> str:
        """Return the cell's line of results: canonical JSON."""
        value: dict[str, Any] = {
            "scenario": self.cell.scenario,
            "scenario_digest": self.scenario_digest,
            "player": self.cell.player,
            "seed": self.cell.seed,
        }
        return canonical_json(value | ({"error": self.error} if self.error else self.result))


def results_of(records: Iterable[Record]) -> str:
    """Return the text of results.jsonl: a line for each cell, sorted by scenario, player and seed."""
    ordered = sorted(records, key=lambda record: record.cell)
    return "".join(f"{record.line()}\n" for record in ordered)


class Store:
    """One folder. It holds results of one engine, all scored or none: others are refused, never mixed in."""

    def __init__(self, folder: Path, *, engine: Engine, score: bool) -> None:
        """Open or begin a folder. Raises UsageError when it holds something else."""
        self.folder = folder
        manifest = folder / "sweep.json"
        mine = {"schema": SCHEMA, "engine": engine.to_json(), "score": score}
        if not manifest.exists():
            if folder.is_dir() and any(folder.iterdir()):
                raise UsageError(f"{folder} has files but no sweep; choose a new folder for --out")
            _write(manifest, json.dumps(mine, indent=1))
            return
        kept = _read(manifest)
        if kept is None or kept.get("schema") != SCHEMA:
            raise UsageError(f"{manifest} is not of a sweep that this version knows; choose another --out")
        if kept.get("score") is not score:
            what = "scored" if kept.get("score") else "not scored"
            raise UsageError(f"the cells in {folder} are {what}; choose another --out")
        if kept.get("engine") != mine["engine"]:
            why = engine.differences(kept.get("engine") or {})
            raise UsageError(f"{folder} holds results of another engine: {why}; choose another --out")

    def kept(self, cells: Iterable[Cell], digests: dict[str, str]) -> dict[Cell, Record]:
        """Return those cells that are there and did not fail; `digests` are the scenarios' by id.

        Cells of another version of a scenario lie elsewhere. A file that is torn counts as missing.
        """
        found = {}
        for cell in cells:
            digest = digests[cell.scenario]
            value = _read(self._path(cell, digest))
            if value is not None and _whole(value) and not value["error"]:
                found[cell] = Record(cell=cell, scenario_digest=digest, result=value["result"])
        return found

    def keep(self, finished: Finished, scenario_digest: str) -> Record:
        """Write one cell and return it as it will be read again."""
        result = json.loads(canonical_json(finished.result))
        value = {"result": result, "error": finished.error, "trace": finished.trace}
        path = self._path(finished.cell, scenario_digest)
        _write(path, canonical_json(value | {"sha256": _digest(value)}))
        return Record(
            cell=finished.cell, scenario_digest=scenario_digest, result=result, error=finished.error, kept=path
        )  # fmt: skip

    @property
    def results_path(self) -> Path:
        """Where the sorted results are."""
        return self.folder / "results.jsonl"

    def write_results(self, records: Iterable[Record]) -> str:
        """Write results.jsonl and return its SHA-256: the digest of the sweep."""
        text = results_of(records)
        _write(self.results_path, text)
        return sha256_hex(text)

    def _path(self, cell: Cell, digest: str) -> Path:
        return self.folder / "cells" / f"{cell.scenario}@{digest[:12]}" / cell.player / f"{cell.seed}.json"


def _digest(value: dict[str, Any]) -> str:
    return sha256_hex(canonical_json(value))


def _whole(value: dict[str, Any]) -> bool:
    return value.get("sha256") == _digest({key: part for key, part in value.items() if key != "sha256"})


def _read(path: Path) -> dict[str, Any] | None:
    """Return the object in a file, None when there is none or it is not one."""
    try:
        value = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _write(path: Path, text: str) -> None:
    """Put a file in its place, whole, or not at all, also when the machine stops."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
