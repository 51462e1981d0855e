"""Scenarios and sessions as the verbs need them: found by name, opened, resumed.

The one place where the command line puts catalogue, casts, session store and user settings together.
"""

from __future__ import annotations

from pathlib import Path

from incidentsim.config import Config
from incidentsim.errors import UsageError
from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.levels import level_of
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.session.host import IncidentSession
from incidentsim.session.store import describe, new_session_path, session_path
from incidentsim.specs.levels import AS_WRITTEN_PPM, LEVELS

SEEDS_DRAWN = 1_000_000
"""Seeds that a session started without one may get: short enough to say aloud."""


def load(name_or_path: str, scenarios: Path | None) -> Scenario:
    """Return a scenario by its name or path. Raises ScenarioError."""
    return load_scenario(find(name_or_path, scenarios))


def open_session(config: Config, name: str, seed: int | None, level: str = "") -> IncidentSession:
    """Start a session of a scenario in the data directory; without a seed it gets a new one.

    The new session's id is random already, so the seed is taken from it. `level` is a preset, empty for none.
    """
    scenario = load(name, config.scenarios_dir)
    path = new_session_path(config.data_dir, scenario.id)
    chosen = int(path.stem.rpartition("-")[2], 16) % SEEDS_DRAWN if seed is None else seed
    cast = make_cast(scenario, chosen)
    session = IncidentSession.create(scenario, seed=chosen, cast=cast, path=path, sid=path.stem, level=level)
    return _notifying(config, session)


def resume_session(config: Config, sid: str) -> IncidentSession:
    """Open a session of the data directory where it was left. Raises UsageError for an unknown id."""
    path = session_path(config.data_dir, sid)
    stored = describe(path)
    if stored.problem:
        raise UsageError(f"{sid} can't be resumed: {stored.problem}")
    return _notifying(config, IncidentSession.resume(path, load(stored.scenario, config.scenarios_dir)))


def set_pace(config: Config, session: IncidentSession) -> None:
    """Give a new session the user's usual speed, times the pace of its level."""
    level = LEVELS.get(level_of(session.recorder.header))
    speed = config.speed * (level.pace / AS_WRITTEN_PPM if level else 1)
    if speed != 1.0:
        session.control("speed", speed)


def _notifying(config: Config, session: IncidentSession) -> IncidentSession:
    """Have the session post its alerts where the user's settings say, from now on."""
    if config.alert_webhook:
        from incidentsim.session.webhook import AlertWebhook

        session.webhook = AlertWebhook(config.alert_webhook)
    return session


def cache_dir(config: Config) -> Path:
    """Return the folder in which runs made for scoring are kept; it can be deleted at any time."""
    return config.data_dir / "cache"
