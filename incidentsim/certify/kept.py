"""Results of long runs on disk, so that a certificate goes on where it was interrupted and a second one is quick.

Plain JSON values under a name and a key of everything that decides them. Used by `incidentsim.certify.runs`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidentsim.exact import canonical_json, sha256_hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A folder of results; None keeps nothing. A torn file counts as none."""

    folder: Path | None

    def get(self, name: str, key: list[Any]) -> dict[str, Any] | None:
        """Return what was kept under a name and key."""
        path = self._path(name, key)
        if path is None:
            return None
        try:
            value = json.loads(path.read_bytes())
            found = value["result"]
            return found if isinstance(found, dict) and value["sha256"] == _digest(found) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, name: str, key: list[Any], result: dict[str, Any]) -> None:
        """Keep a result; a folder that can't be written costs time, nothing else."""
        path = self._path(name, key)
        if path is None:
            return
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(canonical_json({"result": result, "sha256": _digest(result)}), encoding="utf-8")
            part.replace(path)
        except OSError:
            return

    def _path(self, name: str, key: list[Any]) -> Path | None:
        return self.folder / f"{name}-{sha256_hex(canonical_json(key))}.json" if self.folder is not None else None


def _digest(result: dict[str, Any]) -> str:
    return sha256_hex(canonical_json(result))
