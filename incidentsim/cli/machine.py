"""What `doctor` finds out about the machine: versions, the terminal, the data directory. Changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from incidentsim.sources import compiled

PACKAGES = (
    "simpy", "textual", "rich", "faker", "pyyaml", "pydantic", "click", "promql-parser", "rapidfuzz",
    "platformdirs",
)  # fmt: skip
"""What the package needs at run time, by name on the index."""

LEAST_COLUMNS, LEAST_ROWS = 80, 24
ENOUGH_COLUMNS, ENOUGH_ROWS = 120, 36
LEAST_FREE_BYTES = 200_000_000
"""A day of sessions; below this a session may end for want of space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the report: `state` is ok, note (could be better) or problem; `advice` says what to do."""

    name: str
    value: str
    state: str = "ok"
    advice: str = ""


def version_checks() -> list[Check]:
    """Return the Python and package versions and the world's form; a missing package is a problem."""
    python = f"{platform.python_version()} ({platform.python_implementation()}, {platform.system()})"
    out = [Check(name="python", value=python)]
    for name in PACKAGES:
        try:
            out.append(Check(name=name, value=metadata.version(name)))
        except metadata.PackageNotFoundError:
            out.append(Check(name=name, value="missing", state="problem", advice=f"pip install {name}"))
    out.append(Check(name="world", value="compiled" if compiled() else "interpreted"))
    return out


def colour_depth(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return how many colours programs will use here, and what to set for more (empty when nothing)."""
    if environment.get("NO_COLOR"):
        return "none (NO_COLOR is set)", ""
    term = environment.get("TERM", "")
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "16 million", ""
    if term in ("", "dumb"):
        return "none", "set TERM to your terminal's type, for example TERM=xterm-256color; or use --plain"
    if "256color" in term or "direct" in term:
        return "256", "if your terminal has true colour, set COLORTERM=truecolor"
    return "16", "set TERM=xterm-256color and COLORTERM=truecolor if your terminal can"


def terminal_checks(
    environment: Mapping[str, str], *, size: tuple[int, int], encoding: str, interactive: bool
) -> list[Check]:
    """Return what the terminal offers, from its environment, its size and its encoding."""
    columns, rows = size
    depth, advice = colour_depth(environment)
    out = [
        Check(name="TERM", value=environment.get("TERM") or "not set"),
        Check(name="COLORTERM", value=environment.get("COLORTERM") or "not set"),
        Check(name="colours", value=depth, state="note" if advice else "ok", advice=advice),
    ]
    if not interactive:
        out.append(Check(name="screen", value="not a terminal", state="note", advice="use play --plain here"))
    else:
        advice = ""
        if columns < LEAST_COLUMNS or rows < LEAST_ROWS:
            advice = f"at least {LEAST_COLUMNS}x{LEAST_ROWS} is readable; or use --plain"
        elif columns < ENOUGH_COLUMNS or rows < ENOUGH_ROWS:
            advice = f"{ENOUGH_COLUMNS}x{ENOUGH_ROWS} shows everything at once"
        out.append(Check(name="screen", value=f"{columns}x{rows}", state="note" if advice else "ok", advice=advice))
    unicode = encoding.lower().replace("-", "") == "utf8"
    out.append(
        Check(name="encoding", value=encoding, state="ok" if unicode else "note",
              advice="" if unicode else "charts need UTF-8: set LANG=C.UTF-8 or PYTHONUTF8=1")
    )  # fmt: skip
    if environment.get("SSH_CONNECTION"):
        out.append(Check(name="remote", value="over SSH", state="note", advice="hz = 2 is easier on the line"))
    return out


def data_checks(data_dir: Path) -> list[Check]:
    """Return whether sessions can be written, without writing anything."""
    existing = data_dir
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        advice = f"{existing} can't be written to; choose another with --data or data_dir"
        return [Check(name="data directory", value=str(data_dir), state="problem", advice=advice)]
    shown = str(data_dir) if existing == data_dir else f"{data_dir} (made at the first session)"
    free = shutil.disk_usage(existing).free
    space = Check(name="free space", value=f"{free // 1_000_000_000} GB")
    if free < LEAST_FREE_BYTES:
        space = Check(name="free space", value=f"{free // 1_000_000} MB", state="problem", advice="free some space")
    return [Check(name="data directory", value=shown), space]
