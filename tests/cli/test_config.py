"""User settings: where each value comes from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidentsim.config import SETTINGS, THEMES, config_path, load_config
from incidentsim.errors import UsageError
from incidentsim.tui.themes import THEMES as TERMINAL_THEMES
from tests.cli.conftest import CommandLine


def write(place: Path, text: str) -> dict[str, str]:
    """Write a settings file; return the environment that names it."""
    file = place / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return {"INCIDENTSIM_CONFIG": str(file)}


def test_defaults_say_so(place: Path) -> None:
    """Without file, variables and options every value is a default."""
    config = load_config(environment={"INCIDENTSIM_CONFIG": str(place / "none.toml")})
    assert (config.theme, config.hz, config.speed) == ("incident-dark", 4.0, 1.0)
    assert set(config.sources.values()) == {"default"}
    assert config.sources.keys() == SETTINGS.keys()


def test_options_win_over_variables_and_those_over_the_file(place: Path) -> None:
    """The nearest source of a value wins, and is named."""
    env = write(place, 'hz = 2\nspeed = 3\ntheme = "incident-light"\n')
    env["INCIDENTSIM_SPEED"] = "4"
    config = load_config({"theme": "incident-terminal", "hz": None}, environment=env)
    assert (config.theme, config.speed, config.hz) == ("incident-terminal", 4.0, 2.0)
    assert config.sources["theme"] == "command line"
    assert config.sources["speed"] == "INCIDENTSIM_SPEED"
    assert config.sources["hz"] == env["INCIDENTSIM_CONFIG"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hz = 40", "hz must be from 1 to 10"),
        ("hz = true", "hz must be from 1 to 10"),
        ('hz = "fast"', "hz must be from 1 to 10"),
        ("speed = nan", "speed must be from 0 to 100"),
        ('theme = "pink"', "theme must be one of incident-dark"),
        ("data_dir = 3", "data_dir must be text"),
        ("colour = 1", "there is no setting 'colour'"),
        ("hz = ", "not valid TOML"),
    ],
)
def test_a_bad_file_is_refused_with_its_name(place: Path, text: str, message: str) -> None:
    """A value that can't be used raises UsageError with file, setting and bounds."""
    env = write(place, text)
    with pytest.raises(UsageError, match=message) as caught:
        load_config(environment=env)
    assert env["INCIDENTSIM_CONFIG"] in str(caught.value)


def test_the_platform_decides_where_the_file_is() -> None:
    """Without the variable the file lies in the platform's configuration folder."""
    assert config_path({}).parts[-2:] == ("incidentsim", "config.toml")


def test_theme_names_are_those_of_the_terminal() -> None:
    """The names repeated here are the terminal's own, in its order."""
    assert tuple(theme.name for theme in TERMINAL_THEMES) == THEMES


def test_doctor_shows_values_with_their_source(incidentsim: CommandLine, place: Path) -> None:
    """doctor prints each effective value with where it came from, and ends with 0."""
    (place / "config.toml").write_text("hz = 2\n", encoding="utf-8")
    done = incidentsim("doctor", "--data", place / "elsewhere")
    assert done.code == 0, done.out
    assert f"hz              2  [{place / 'config.toml'}]" in done.out
    assert f"data_dir        {place / 'elsewhere'}  [command line]" in done.out
    assert "theme           incident-dark  [default]" in done.out


def test_doctor_finds_an_unusable_data_directory(incidentsim: CommandLine, place: Path) -> None:
    """A data directory below a file can't be made: doctor says so and ends with 1."""
    (place / "file").write_text("", encoding="utf-8")
    done = incidentsim("doctor", "--data", place / "file" / "data")
    assert done.code == 1
    assert "To put right: data directory." in done.out


def test_a_bad_settings_file_is_bad_usage(incidentsim: CommandLine, place: Path) -> None:
    """Any verb that reads a broken settings file ends with 2."""
    (place / "config.toml").write_text("hz = 99\n", encoding="utf-8")
    done = incidentsim("doctor")
    assert done.code == 2
    assert "hz must be from 1 to 10" in done.err
