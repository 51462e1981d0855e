"""The scenarios that can be played: which there are, and where one of a given name is.

Called by the command line and the home screen. A scenario that can't be loaded is listed with its error
rather than hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from incidentsim.errors import ScenarioError
from incidentsim.scenario.files import SCENARIO_FILE, show_file
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.places import scenario_roots
from incidentsim.scenario.problems import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One scenario of the catalogue. `error` says why it can't be loaded; the other texts are empty then."""

    id: str
    path: Path
    title: str = ""
    summary: str = ""
    level: str = ""
    duration_us: int = 0
    skills: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    digest: str = ""
    error: str = ""


def folders(scenarios: Path | None = None) -> dict[str, Path]:
    """Return every scenario's folder by name, sorted; `scenarios` is searched before the usual places."""
    found: dict[str, Path] = {}
    for root in scenario_roots(scenarios):
        for folder in sorted(root.iterdir()):
            if (folder / SCENARIO_FILE).is_file():
                found.setdefault(folder.name, folder)
    return dict(sorted(found.items()))


def list_scenarios(scenarios: Path | None = None) -> tuple[Entry, ...]:
    """Return the catalogue, sorted by name."""
    return tuple(_entry(name, folder) for name, folder in folders(scenarios).items())


def find(name_or_path: str, scenarios: Path | None = None) -> Path:
    """Return the folder of a scenario given by name or path. Raises ScenarioError with the nearest name."""
    known = folders(scenarios)
    if name_or_path in known:
        return known[name_or_path]
    path = Path(name_or_path)
    if path.name == SCENARIO_FILE and path.is_file():
        return path.parent
    if (path / SCENARIO_FILE).is_file():
        return path
    if path.is_dir():
        raise ScenarioError(f"{show_file(path)} has no {SCENARIO_FILE}; name a folder that has one")
    listed = ", ".join(known) or "none found"
    hint = did_you_mean(name_or_path, known)
    raise ScenarioError(f"there is no scenario {name_or_path!r}{hint}; known: {listed}")


def _entry(name: str, folder: Path) -> Entry:
    try:
        scenario = load_scenario(folder)
    except ScenarioError as error:
        return Entry(id=name, path=folder, error=str(error))
    return Entry(
        id=scenario.id,
        path=folder,
        title=scenario.title,
        summary=scenario.summary,
        level=scenario.level,
        duration_us=scenario.duration,
        skills=scenario.skills,
        shapes=scenario.shapes,
        digest=scenario.digest,
    )
