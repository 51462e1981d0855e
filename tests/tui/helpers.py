"""What the terminal's tests share: the screen as text, and waiting for a condition instead of sleeping."""

from __future__ import annotations

from collections.abc import Callable

from textual.pilot import Pilot

from incidentsim.tui.app import IncidentApp
from incidentsim.tui.screens.live import LiveScreen
from tests.tui.fake_provider import FakeProvider
from tests.tui.fake_session import SECOND


def grid(app: IncidentApp) -> list[str]:
    """Return the screen as lines of text, as a terminal would show it."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


def shown(app: IncidentApp) -> str:
    """Return the screen as one text."""
    return "\n".join(grid(app))


async def wait_for(pilot: Pilot[None], condition: Callable[[], bool], what: str) -> None:
    """Let the app run until `condition` holds; fail with the screen when it never does."""
    for _ in range(400):
        if condition():
            return
        await pilot.pause(0.01)
    app = pilot.app
    assert isinstance(app, IncidentApp)
    raise AssertionError(f"never happened: {what}\n{shown(app)}")


async def to_live(pilot: Pilot[None], provider: FakeProvider, *, at_s: int = 60) -> LiveScreen:
    """Go through the briefing and return the live screen at `at_s` seconds after the page."""
    app = pilot.app
    assert isinstance(app, IncidentApp)
    await wait_for(pilot, lambda: "ready: Enter" in shown(app), "the prelude is simulated")
    await pilot.press("enter")
    await wait_for(pilot, lambda: isinstance(app.screen, LiveScreen), "the live screen is in front")
    screen = app.screen
    assert isinstance(screen, LiveScreen)
    provider.session.advance(at_s * SECOND)
    screen.tick()
    await pilot.pause()
    screen.tick()
    await pilot.pause()
    return screen
