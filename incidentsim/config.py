"""User settings: defaults, a TOML file, the environment, the command line; and where each value came from.

Called by the command line only, and by `doctor`, which prints the effective values with their source. Nothing
is read at import.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidentsim.errors import UsageError

APP = "incidentsim"
CONFIG_VARIABLE = "INCIDENTSIM_CONFIG"
"""Environment variable with the path of the settings file, in place of the platform's own place."""

SettingValue = str | float | Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: its kind (`text`, `number`, `path` or `webhook`), its default as text for people, and its bounds."""

    name: str
    kind: str
    default: SettingValue
    help: str
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()


THEMES = ("incident-dark", "incident-light", "incident-colourblind", "incident-terminal")
"""Themes of the terminal. The names are repeated here since this module must not load it; a test compares."""

SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting(name="theme", kind="text", default=THEMES[0], choices=THEMES, help="Colours of the screen."),
        Setting(name="hz", kind="number", default=4.0, low=1.0, high=10.0,
                help="Screen refreshes a second; 2 over a remote connection is easier on the line."),
        Setting(name="speed", kind="number", default=1.0, low=0.0, high=100.0,
                help="Scenario seconds per second at the start; 0 is as fast as possible."),
        Setting(name="data_dir", kind="path", default=None,
                help="Where sessions are written; by default the platform's user data directory."),
        Setting(name="scenarios_dir", kind="path", default=None,
                help="Where scenarios are looked for first; by default ./scenarios, then the packaged ones."),
        Setting(name="alert_webhook", kind="webhook", default=None,
                help="Where alert notifications are posted in Alertmanager's format: http on this machine only, "
                     "such as http://127.0.0.1:9095/alerts."),
    )
}  # fmt: skip
"""Every setting, by its name in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The effective settings. `sources` says for each name where its value came from."""

    theme: str
    hz: float
    speed: float
    data_dir: Path
    scenarios_dir: Path | None
    alert_webhook: str
    file: Path
    sources: dict[str, str]

    @property
    def sessions_dir(self) -> Path:
        """Return the folder that holds one transcript file a session."""
        return self.data_dir / "sessions"


def config_path(environment: Mapping[str, str] | None = None) -> Path:
    """Return the path of the user's settings file, whether it exists or not."""
    given = (os.environ if environment is None else environment).get(CONFIG_VARIABLE, "")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_config_dir(APP, appauthor=False)) / "config.toml"


def load_config(
    overrides: Mapping[str, SettingValue] | None = None, *, environment: Mapping[str, str] | None = None
) -> Config:
    """Return the settings: options, then `INCIDENTSIM_<NAME>`, then the file, then defaults.

    `overrides` are options as given; None means that an option was not given. Raises UsageError for a file
    that can't be read and for values out of bounds, naming the source.
    """
    env = os.environ if environment is None else environment
    file = config_path(env)
    written = _read(file)
    values: dict[str, SettingValue] = {}
    sources: dict[str, str] = {}
    for setting in SETTINGS.values():
        option = (overrides or {}).get(setting.name)
        variable = f"{APP.upper()}_{setting.name.upper()}"
        if option is not None:
            found, source = option, "command line"
        elif env.get(variable):
            found, source = env[variable], variable
        elif setting.name in written:
            found, source = written[setting.name], str(file)
        else:
            values[setting.name], sources[setting.name] = setting.default, "default"
            continue
        values[setting.name], sources[setting.name] = _checked(setting, found, source), source
    data_dir, scenarios_dir = values["data_dir"], values["scenarios_dir"]
    return Config(
        theme=str(values["theme"]),
        hz=_number(values["hz"]),
        speed=_number(values["speed"]),
        data_dir=data_dir if isinstance(data_dir, Path) else _default_data_dir(),
        scenarios_dir=scenarios_dir if isinstance(scenarios_dir, Path) else None,
        alert_webhook=str(values["alert_webhook"] or ""),
        file=file,
        sources=sources,
    )


def _read(file: Path) -> dict[str, Any]:
    import tomllib

    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as wrong:
        raise UsageError(f"{file}: can't be read: {wrong}; mend it or remove it") from wrong
    except tomllib.TOMLDecodeError as wrong:
        raise UsageError(f"{file}: not valid TOML: {wrong}; mend it or remove it") from wrong
    unknown = sorted(written.keys() - SETTINGS.keys())
    if unknown:
        raise UsageError(f"{file}: there is no setting {unknown[0]!r}; settings are {', '.join(SETTINGS)}")
    return written


def _checked(setting: Setting, value: object, source: str) -> SettingValue:
    where = f"{source}: {setting.name}"
    if setting.kind == "number":
        number = _number(value)
        if isinstance(value, bool) or math.isnan(number) or not setting.low <= number <= setting.high:
            raise UsageError(f"{where} must be from {setting.low:g} to {setting.high:g}; got {value!r}")
        return number
    if not isinstance(value, str | Path) or not str(value):
        raise UsageError(f"{where} must be text; got {value!r}")
    if setting.kind == "path":
        return Path(value).expanduser()
    if setting.kind == "webhook":
        from incidentsim.session.webhook import checked_url

        try:
            return checked_url(str(value))
        except UsageError as wrong:
            raise UsageError(f"{where}: {wrong}") from None
    if value not in setting.choices:
        raise UsageError(f"{where} must be one of {', '.join(setting.choices)}; got {value!r}")
    return str(value)


def _number(value: object) -> float:
    """Return a number, or NaN for what is none."""
    try:
        return float(value) if isinstance(value, str | int | float) else math.nan
    except ValueError:
        return math.nan


def _default_data_dir() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir(APP, appauthor=False))
