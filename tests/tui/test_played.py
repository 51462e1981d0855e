"""What playing whole incidents by hand showed to be missing: small things between the big ones."""

from __future__ import annotations

import re

from incidentsim.tui.app import IncidentApp
from incidentsim.tui.presenters.rows import row
from incidentsim.tui.screens.debrief import DebriefScreen
from incidentsim.tui.screens.home import HomeScreen
from incidentsim.tui.screens.live import LiveScreen
from incidentsim.tui.widgets.rows_view import RowsView
from tests.tui.fake_provider import FakeProvider
from tests.tui.helpers import shown, to_live, wait_for

SIZE = (120, 36)


async def test_resolve_asks_before_it_ends_the_session() -> None:
    """The first Enter says what the second will do; Escape leaves the incident running."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        await to_live(pilot, provider)
        await pilot.press(*"resolve", "enter")
        await wait_for(pilot, lambda: "Enter again to end the session" in shown(app), "the question")
        await pilot.press("escape")
        await wait_for(pilot, lambda: "nothing was sent" in shown(app), "cancelled")
        assert provider.session.submitted == []
        await pilot.press("enter", "enter")
        await wait_for(pilot, lambda: isinstance(app.screen, DebriefScreen), "the debrief")


async def test_a_long_question_is_read_to_its_end() -> None:
    """At 80 columns the question before a risky command takes two rows, and the screen goes back to one after it."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await to_live(pilot, provider)
        screen.command_line.focus_line("rollback CHG-1042")
        await pilot.press("enter")
        await wait_for(pilot, lambda: "undo:" in shown(app), "how to take it back is in the question")
        assert screen.command_line.size.height == 3
        await pilot.press("escape")
        await wait_for(pilot, lambda: screen.command_line.size.height == 2, "one row again")


async def test_a_page_of_a_list_passes_nothing_over() -> None:
    """Page down in a list with few rows to choose shows every line between; the cursor stays in view."""
    provider = FakeProvider()
    app = IncidentApp(provider, resume="s-0")
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, lambda: "Practice index" in shown(app), "scored")
        view = app.screen.query_one("#debrief", RowsView)
        view.show([row(f"line {n}", key=str(n) if n % 40 == 0 else "") for n in range(200)])
        seen: set[str] = set()
        for _ in range(200 // (view.size.height - 1) + 1):
            await pilot.pause()
            seen |= set(re.findall(r"line \d+", shown(app)))
            await pilot.press("pagedown")
        assert len(seen) == 200
        assert view.cursor_key == "160"
        for _ in range(200 // (view.size.height - 1) + 1):
            await pilot.press("pageup")
        await wait_for(pilot, lambda: "line 0 " in shown(app), "the beginning")
        assert view.cursor_key == "0"


async def test_a_command_of_a_runbook_goes_to_the_command_line() -> None:
    """Enter on a line of the text that writes a command puts it there, unsent."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        await pilot.press("6", "enter")
        await wait_for(pilot, lambda: "TTFT over its SLO" in shown(app), "the runbook is open")
        await pilot.press("tab", "down", "enter")
        await wait_for(pilot, lambda: screen.command_line.input.value.startswith("limit NAME"), "offered")
        assert provider.session.submitted == ["runbook ttft-slo"]


async def test_answers_say_how_much_is_below_and_leave_nothing_behind() -> None:
    """The answers' frame counts the lines out of view; hidden answers are not called answered above."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await to_live(pilot, provider)
        screen.command_line.focus_line("trace slowest")
        await pilot.press("enter")
        await wait_for(pilot, lambda: "Answers" in shown(app), "answered")
        view = screen.query_one("#result-list", RowsView)
        view.scroll_to(y=0, animate=False, immediate=True)
        screen.paint()
        await pilot.pause()
        assert view.below > 0 and f"▼ {view.below} more" in shown(app)
        await pilot.press("escape")
        await wait_for(pilot, lambda: "Answers" not in shown(app), "hidden")
        assert "answered above" not in shown(app)


async def test_home_is_a_command_of_the_palette() -> None:
    """One can go back to the scenarios without leaving the program; the session is kept."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        await to_live(pilot, provider)
        await pilot.press("ctrl+p")
        await pilot.press(*"app: home")
        await wait_for(pilot, lambda: "back to the scenarios" in shown(app), "offered")
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, HomeScreen), "home")


async def test_taking_over_does_not_pass_by_home() -> None:
    """From the debrief straight into the live screen: the home screen does not come to the front in between."""
    provider = FakeProvider()
    app = IncidentApp(provider, resume="s-0")
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, lambda: "Practice index" in shown(app), "scored")
        provider.session.advance(1_500_000_000)
        home = app.screen_stack[1]
        resumed: list[bool] = []
        assert isinstance(home, HomeScreen)
        home.reload = lambda: resumed.append(True)  # type: ignore[method-assign]
        await pilot.press("t", "enter")
        await wait_for(pilot, lambda: isinstance(app.screen, LiveScreen), "the live screen")
        assert resumed == [] and len(app.screen_stack) == 3
