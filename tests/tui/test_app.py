"""The app from home to debrief, driven by keys, with a synthetic session."""

from __future__ import annotations

import subprocess
import sys

from incidentsim.tui.app import IncidentApp
from incidentsim.tui.screens.debrief import DebriefScreen
from incidentsim.tui.screens.help import HelpScreen
from incidentsim.tui.screens.home import HomeScreen
from incidentsim.tui.screens.live import LiveScreen
from incidentsim.tui.widgets.rows_view import RowsView
from tests.tui.fake_provider import FakeProvider
from tests.tui.helpers import shown, to_live, wait_for

SIZE = (120, 36)


async def test_from_home_to_debrief() -> None:
    """Enter plays the scenario under the cursor; the pager, a resolve and the debrief follow."""
    provider = FakeProvider()
    app = IncidentApp(provider)
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, lambda: "Chat answers start late" in shown(app), "the gallery is shown")
        assert "resume   one-bad-replica" in shown(app)
        await pilot.press("enter")
        await to_live(pilot, provider)
        assert provider.opened == [("slow-chat", None, None)]
        assert provider.session.controls == [("pause", 0.0), ("resume", 0.0)]
        await pilot.press("colon", *"resolve", "enter", "enter")
        await wait_for(pilot, lambda: isinstance(app.screen, DebriefScreen), "the debrief is in front")
        await wait_for(pilot, lambda: "Practice index" in shown(app), "the debrief is shown")
        assert "You sliced by tenant" in shown(app) and "Say what you expect" in shown(app)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert "#4 T+00:00  page" in shown(app) or "#999 is not in the part" in shown(app)
        await pilot.press("h")
        await wait_for(pilot, lambda: isinstance(app.screen, HomeScreen), "home again")


async def test_the_briefing_holds_the_clock_until_the_pager_is_taken() -> None:
    """After the prelude the session is paused at T+0 while someone still reads."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, lambda: provider.session.paused, "the clock is held")
        text = shown(app)
        assert provider.session.t_us == 0
        assert "The page" in text and "The stack" in text and "first token within 2 s" in text


async def test_help_palette_and_leaving() -> None:
    """F1 opens the generated help, the palette fills the command line, leaving asks once."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        await pilot.press("f1")
        await wait_for(pilot, lambda: isinstance(app.screen, HelpScreen), "help")
        help_text = "\n".join(r.text for r in app.screen.query_one("#help-text", RowsView).rows)
        assert "limit <tenant> <resource> <rate>" in help_text
        await pilot.press("escape", "ctrl+p", *"act: scale")
        await wait_for(pilot, lambda: "act: scale" in shown(app), "the palette lists the verb")
        await pilot.press("enter")
        await wait_for(pilot, lambda: screen.command_line.input.value == "scale ", "prefilled")
        await pilot.press("ctrl+q")
        await wait_for(pilot, lambda: "can be resumed" in shown(app), "asked")
        await pilot.press("n")
        await wait_for(pilot, lambda: app.screen is screen, "stayed")
        await pilot.press("ctrl+q", "y")
        await wait_for(pilot, lambda: not app.is_running, "left")


async def test_a_scenario_that_cannot_be_opened_says_why() -> None:
    """A project error becomes a notification, and home stays."""
    app = IncidentApp(FakeProvider(), start="broken")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await wait_for(pilot, lambda: "did you mean 'slow-chat'" in shown(app), "the reason is shown")
        assert isinstance(app.screen, HomeScreen)


async def test_resuming_a_session_comes_back_paused() -> None:
    """A resumable session opens on the live screen where it was left."""
    provider = FakeProvider()
    app = IncidentApp(provider, resume="s-r")
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, lambda: isinstance(app.screen, LiveScreen), "live")
        await wait_for(pilot, lambda: "T+11:20" in shown(app) and "PAUSED" in shown(app), "paused")


def test_the_terminal_does_not_load_the_core() -> None:
    """Importing the app loads neither the world nor scenarios, scorer, sessions or certificates."""
    code = (
        "import sys, incidentsim.tui.app as _\n"
        "names = ('world', 'scenario', 'scoring', 'session', 'certify', 'telemetry')\n"
        "print([n for n in names if 'incidentsim.' + n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_the_debrief_comes_even_while_help_is_open() -> None:
    """An incident that ends behind the help leads to the debrief, and Esc from there to home."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        await to_live(pilot, provider)
        await pilot.press("question_mark")
        await wait_for(pilot, lambda: isinstance(app.screen, HelpScreen), "help")
        provider.session.ended = True
        await wait_for(pilot, lambda: isinstance(app.screen, DebriefScreen), "debrief")
        await pilot.press("escape")
        await wait_for(pilot, lambda: isinstance(app.screen, HomeScreen), "home")


async def test_finished_sessions_open_their_debrief() -> None:
    """Choosing a finished session on the home screen shows its debrief."""
    app = IncidentApp(FakeProvider(), resume="s-0")
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, lambda: isinstance(app.screen, DebriefScreen), "debrief")
        await wait_for(pilot, lambda: "Harm avoided" in shown(app), "scored")


async def test_the_gallery_is_filtered_by_words_and_played_at_a_level() -> None:
    """Words leave the scenarios that have them all, Escape shows all again; a level chosen goes with the next play."""
    provider = FakeProvider()
    app = IncidentApp(provider)
    async with app.run_test(size=(100, 30)) as pilot:
        await wait_for(pilot, lambda: "Scenarios  3" in shown(app), "the gallery is there")
        await pilot.press("slash", *"reliab new")
        await wait_for(pilot, lambda: "Scenarios  1 of 3" in shown(app), "one is left")
        assert "Slower since this morning" in shown(app) and "One user in eight" not in shown(app)
        await pilot.press("enter", "l", "l", "l")
        await wait_for(pilot, lambda: "played at senior" in shown(app), "the level is told")
        await pilot.press("escape")
        await wait_for(pilot, lambda: "One user in eight" in shown(app), "all are back")
        await pilot.press("slash", *"nothing like it")
        await wait_for(pilot, lambda: "No scenario" in shown(app), "the list says that it is empty")
        await pilot.press("escape", "home", "down", "enter")
        await wait_for(pilot, lambda: bool(provider.opened), "a scenario is opened")
        assert provider.opened == [("slow-after-deploy", None, "senior")]
