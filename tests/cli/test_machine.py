"""What doctor makes of terminals."""

from __future__ import annotations

import pytest

from incidentsim.cli.machine import Check, colour_depth, terminal_checks, version_checks


@pytest.mark.parametrize(
    ("environment", "depth", "advised"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "16 million", False),
        ({"TERM": "xterm-256color"}, "256", True),
        ({"TERM": "xterm"}, "16", True),
        ({"TERM": "dumb"}, "none", True),
        ({}, "none", True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "none (NO_COLOR is set)", False),
    ],
)
def test_colour_depth_follows_the_environment(environment: dict[str, str], depth: str, advised: bool) -> None:
    """The depth is what TERM and COLORTERM say, with advice where more is possible."""
    found, advice = colour_depth(environment)
    assert (found, bool(advice)) == (depth, advised)


def checks(**changes: object) -> dict[str, Check]:
    """Return the terminal's checks by name for a good terminal with changes."""
    good: dict[str, object] = {"size": (120, 36), "encoding": "utf-8", "interactive": True}
    environment = {"TERM": "xterm-256color", "COLORTERM": "truecolor", **changes.pop("environment", {})}  # type: ignore[dict-item]
    return {c.name: c for c in terminal_checks(environment, **{**good, **changes})}  # type: ignore[arg-type]


def test_a_good_terminal_needs_no_advice() -> None:
    """True colour, UTF-8 and the reference size give no note."""
    assert {check.state for check in checks().values()} == {"ok"}


def test_small_screens_pipes_encodings_and_ssh_get_advice() -> None:
    """Each weakness gets a note that says what to do."""
    assert "--plain" in checks(size=(60, 20))["screen"].advice
    assert "120x36" in checks(size=(100, 30))["screen"].advice
    assert "--plain" in checks(interactive=False)["screen"].advice
    assert "UTF-8" in checks(encoding="ascii")["encoding"].advice
    assert "hz" in checks(environment={"SSH_CONNECTION": "10.0.0.1 22"})["remote"].advice


def test_every_dependency_is_found() -> None:
    """Each run-time package is listed with a version."""
    assert [check.name for check in version_checks() if check.state != "ok"] == []
