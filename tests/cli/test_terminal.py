"""The terminal on its real provider and the small world: from the gallery to the debrief."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from incidentsim.cli.home import Home
from incidentsim.config import load_config
from incidentsim.tui.app import IncidentApp
from incidentsim.tui.screens.briefing import BriefingScreen
from incidentsim.tui.screens.debrief import DebriefScreen
from incidentsim.tui.screens.home import HomeScreen
from incidentsim.tui.screens.live import LiveScreen
from tests.cli.conftest import SCENARIO


async def until(pilot: Pilot[None], reached: Callable[[], bool]) -> None:
    """Let the app work until `reached`; fail after many turns of its loop."""
    for _ in range(600):
        if reached():
            return
        await pilot.pause(0.01)
    pytest.fail(f"not reached; in front: {pilot.app.screen}")


async def test_from_briefing_to_debrief(place: Path) -> None:
    """A scenario starts in its briefing, is taken over, resolved by a typed command, and debriefed."""
    home = Home(load_config({"speed": 1.0}))
    app = IncidentApp(home, start=SCENARIO, seed=3)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, BriefingScreen))
        await until(pilot, lambda: app.session is not None and app.session.snapshot().phase == "live")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))
        assert app.session is not None
        ack = await app.session.submit("resolve done")
        assert ack.accepted
        await until(pilot, lambda: isinstance(app.screen, DebriefScreen))
        await until(pilot, lambda: bool(home.recent()) and home.recent()[0].result != "")
    home.close()


async def test_the_gallery_is_the_first_screen(place: Path) -> None:
    """Without a scenario the home screen comes first and nothing is written."""
    app = IncidentApp(Home(load_config()))
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
    assert not (place / "data").exists()
