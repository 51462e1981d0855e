"""Taking over from a moment, from the debrief."""

from __future__ import annotations

import pytest

from incidentsim.tui.app import IncidentApp
from incidentsim.tui.screens.debrief import DebriefScreen
from incidentsim.tui.screens.live import LiveScreen
from incidentsim.tui.screens.rewind import RewindScreen, moment_us
from tests.tui.fake_provider import FakeProvider
from tests.tui.helpers import shown, wait_for

SIZE = (120, 36)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12:30", 750),
        ("T+00:05", 5),
        ("+01:54", 114),
        ("90s", 90),
        ("90", 90),
        ("12m", 720),
        (" 1:00 ", 60),
        ("12m30s", 750),
        ("2m5s", 125),
    ],
)
def test_moments_are_read(text: str, seconds: int) -> None:
    """Minutes and seconds, seconds, or minutes."""
    assert moment_us(text) == seconds * 1_000_000


@pytest.mark.parametrize("text", ["", "soon", "1:75", "-5", "1:2:3", "12:3", "12m30", "1m75s"])
def test_other_text_is_no_moment(text: str) -> None:
    """Anything else is refused, not guessed."""
    assert moment_us(text) is None


async def test_from_the_debrief_into_another_future() -> None:
    """t asks for a moment, a wrong one is told so, a right one opens a new session paused there."""
    provider = FakeProvider()
    app = IncidentApp(provider, resume="s-0")
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, lambda: "Practice index" in shown(app), "scored")
        provider.session.advance(1_500_000_000)
        await pilot.press("t")
        await wait_for(pilot, lambda: isinstance(app.screen, RewindScreen), "the question")
        await pilot.press(*"never", "enter")
        await wait_for(pilot, lambda: "such as 12:30" in shown(app), "what is wrong")
        await pilot.press("end", *["backspace"] * 10, *"02:00", "enter")
        await wait_for(pilot, lambda: isinstance(app.screen, LiveScreen), "live again")
        assert provider.session.t_us == 120_000_000
        assert provider.session.paused


async def test_the_proposed_moment_can_be_taken_as_it_is() -> None:
    """Enter on the moment that is proposed takes over there: nothing has to be typed."""
    provider = FakeProvider()
    app = IncidentApp(provider, resume="s-0")
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, lambda: "Practice index" in shown(app), "scored")
        provider.session.advance(1_500_000_000)
        await pilot.press("t")
        await wait_for(pilot, lambda: isinstance(app.screen, RewindScreen), "the question")
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, LiveScreen), "live again")
        assert provider.session.t_us == 0


async def test_escape_stays_with_the_debrief() -> None:
    """Esc closes the question and nothing else."""
    app = IncidentApp(FakeProvider(), resume="s-0")
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, lambda: "Practice index" in shown(app), "scored")
        await pilot.press("t")
        await wait_for(pilot, lambda: isinstance(app.screen, RewindScreen), "the question")
        await pilot.press("escape")
        await wait_for(pilot, lambda: isinstance(app.screen, DebriefScreen), "the debrief")
