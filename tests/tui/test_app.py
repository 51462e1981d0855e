"""The app from home to debrief, driven by keys, with a synthetic session."""

from __future__ import annotations

import subprocess
import sys

from textual import events

from incidentsim.tui.app import IncidentApp
from incidentsim.tui.presenters.rows import Span
from incidentsim.tui.screens.debrief import DebriefScreen
from incidentsim.tui.screens.help import HelpScreen
from incidentsim.tui.screens.home import HomeScreen
from incidentsim.tui.screens.live import TABS, LiveScreen
from incidentsim.tui.tabs.metrics import MetricsTab
from incidentsim.tui.widgets.line_log import LineLog
from incidentsim.tui.widgets.rows_view import RowsView
from tests.tui.fake_session import SECOND, FakeProvider
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


async def test_completion_question_and_answer_of_a_command() -> None:
    """Tab completes, a risky verb is questioned once, the second Enter runs it, its effect is listed."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        await pilot.press("colon", *"sca")
        await wait_for(pilot, lambda: screen.command_line.is_open, "the dropdown is open")
        assert screen.command_line.items[0].text == "scale"
        await pilot.press("tab", *"ch", "tab", *"10", "enter")
        await pilot.pause()
        assert screen.command_line.input.value == "scale chat-pool 10"
        assert "Enter again to confirm" in shown(app) and "takes minutes" in shown(app)
        assert provider.session.submitted == []
        await pilot.press("enter")
        await wait_for(pilot, lambda: "› scale chat-pool 10" in shown(app), "the answer is shown")
        assert provider.session.submitted == ["scale chat-pool 10"]
        provider.session.advance(6 * SECOND)
        screen.tick()
        await pilot.pause()
        assert "scale took effect" in shown(app)


async def test_escape_cancels_a_question() -> None:
    """Esc after the question sends nothing, and Enter asks again."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        screen.command_line.focus_line("restart chat-pool")
        await pilot.press("enter", "escape")
        await wait_for(pilot, lambda: "nothing was sent" in shown(app), "cancelled")
        await pilot.press("enter")
        await wait_for(pilot, lambda: "Enter again to confirm" in shown(app), "asked again")
        assert provider.session.submitted == []


async def test_history_and_reverse_search() -> None:
    """Up brings the last command back, Ctrl+R finds one by a part of it, a rejection stays visible."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        line = screen.command_line
        for text in ("query up", "note first", "frobnicate"):
            line.focus_line(text)
            await pilot.press("enter")
            await wait_for(pilot, lambda text=text: screen.feed.history[-1:] == [text], "answered")  # type: ignore[misc]
        await wait_for(pilot, lambda: "not done" in shown(app), "the rejection is shown")
        await pilot.press("up", "up")
        assert line.input.value == "note first"
        await pilot.press("down", "down")
        assert line.input.value == ""
        await pilot.press("ctrl+r", *"uer", "enter")
        assert line.input.value == "query up"


async def test_every_tab_opens_by_its_digit_and_is_recorded() -> None:
    """Digits bring tabs to the front; each opening is told to the session; empty panes explain themselves."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    expect = {
        "overview": "KV cache used",
        "metrics": "PromQL",
        "logs": "errors in the last minute",
        "changes": "Enter expands a change",
        "topology": "least_outstanding",
        "runbooks": "Enter opens a runbook",
        "channel": "three customers report",
        "hypotheses": "No hypothesis yet",
    }
    async with app.run_test(size=SIZE) as pilot:
        await to_live(pilot, provider)
        for number, tab in enumerate(TABS, 1):
            await pilot.press(str(number))
            await wait_for(pilot, lambda name=tab.NAME: expect[name] in shown(app), tab.NAME)  # type: ignore[misc]
        assert provider.session.views == ["overview", *(tab.NAME for tab in TABS)]


async def test_looks_made_with_the_mouse_or_enter_are_recorded() -> None:
    """Expanding a change, opening a runbook, filtering logs and drawing a query are look commands."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        await to_live(pilot, provider)
        await pilot.press("4", "enter")
        await wait_for(pilot, lambda: "token_limit: unlimited" in shown(app), "the change is expanded")
        await pilot.press("6", "enter")
        await wait_for(pilot, lambda: "TTFT over its SLO" in shown(app), "the runbook is open")
        await pilot.press("3", "slash", *"level>=warn", "escape", "enter")
        await wait_for(pilot, lambda: "hidden" in shown(app), "the filter is applied")
        await pilot.press("2", "slash", "ctrl+u", *"sum by (tenant) (x)", "escape", "enter")
        await wait_for(pilot, lambda: "tenant=acme" in shown(app), "three curves are drawn")
        await wait_for(pilot, lambda: len(provider.session.submitted) == 4, "all are submitted")
        assert provider.session.submitted == [
            "changes CHG-1042", "runbook ttft-slo", "logs level>=warn", "query sum by (tenant) (x)",
        ]  # fmt: skip


async def test_pause_and_speed_keys() -> None:
    """Space stops and starts the clock, plus and minus change the pace."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        await to_live(pilot, provider)
        await pilot.press("space")
        await wait_for(pilot, lambda: "PAUSED" in shown(app), "paused")
        await pilot.press("space", "plus", "plus")
        await wait_for(pilot, lambda: "×4 ▶" in shown(app), "four times as fast")
        await pilot.press("minus")
        await wait_for(pilot, lambda: "×2 ▶" in shown(app), "twice as fast")


async def test_scrolling_the_log_stops_following_never_the_clock() -> None:
    """Up leaves the end, new lines are counted, e finds an error, End follows again."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        await pilot.press("3")
        log = screen.tab.query_one(LineLog)
        await wait_for(pilot, lambda: log.has_focus and log.following, "following")
        await pilot.press("up", "up")
        current = log.current
        provider.session.advance(5 * SECOND)
        screen.tick()
        await pilot.pause()
        assert log.current == current and not log.following
        assert "20 new lines" in shown(app)
        await pilot.press("E")
        assert log.current is not None and log.current.level == "ERROR"
        await pilot.press("y")
        assert app.clipboard.startswith(f"T+0{log.current.t_us // 60_000_000}:") and "ERROR" in app.clipboard
        await pilot.press("Y")
        assert app.clipboard.startswith("- T+") and f"(log {log.current.index})" in app.clipboard
        await pilot.press("end")
        screen.tick()
        assert log.following and log.new_lines == 0


async def test_search_marks_without_hiding() -> None:
    """A search keeps all lines; n and N go from hit to hit."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        await pilot.press("3", "s", *"preempted", "enter")
        log = screen.tab.query_one(LineLog)
        await wait_for(pilot, lambda: log.needle == "preempted", "searching")
        assert screen.feed.logs.hidden == 0
        first = log.cursor
        await pilot.press("N")
        assert log.cursor < first and log.current is not None and "preempted" in log.current.message
        await pilot.press("n")
        assert log.cursor == first


async def test_metrics_cursor_window_and_comparison() -> None:
    """The time cursor, the window and the comparison change what the chart says."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        await pilot.press("2")
        await wait_for(pilot, lambda: "last 15 min" in shown(app), "the chart is drawn")
        await pilot.press("left", "left", "w", "c")
        await wait_for(pilot, lambda: "last 30 min" in shown(app) and "cursor at T" in shown(app), "moved")
        assert "ten minutes before" in shown(app)
        tab = screen.tab
        assert isinstance(tab, MetricsTab)
        before = tab.expression
        await pilot.press("right_square_bracket")
        assert tab.expression != before


async def test_zoom_gives_a_pane_all_the_room_and_gives_it_back() -> None:
    """z hides the other panes but not header and command line; Esc restores them."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        await pilot.press("escape", "z")
        await wait_for(pilot, lambda: "KV cache used" not in shown(app), "zoomed")
        assert "Logs" in shown(app) and "SEV?" in shown(app) and ">" in shown(app)
        assert screen.tab.query_one(LineLog).size.height > 25
        await pilot.press("escape")
        await wait_for(pilot, lambda: "KV cache used" in shown(app), "restored")


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


async def test_help_is_a_word_too() -> None:
    """`help` typed as a command opens the help, `help VERB` that on one; neither is submitted, a wrong one says so."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)

        async def typed(line: str) -> None:
            screen.command_line.focus_line(line)
            await pilot.press("enter")

        for line, wanted in (("help", "Everywhere"), ("Help scale", "scale <pool> <count>")):
            await typed(line)
            await wait_for(pilot, lambda: isinstance(app.screen, HelpScreen), "help")
            assert wanted in "\n".join(r.text for r in app.screen.query_one("#help-text", RowsView).rows)
            await pilot.press("escape")
        await typed("help scael")
        await wait_for(pilot, lambda: "did you mean 'scale'" in shown(app), "said")
        assert screen.feed.results == []


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


async def test_nothing_is_repainted_when_nothing_changed() -> None:
    """A tick with an unchanged snapshot leaves every row list as it was."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        screen.tick()
        await pilot.pause()
        painted: list[object] = []
        for widget in screen.query("*"):
            widget.refresh = lambda *_, widget=widget, **__: painted.append(widget)  # type: ignore[assignment]
        screen.tick()
        assert painted == []


def test_the_terminal_does_not_load_the_core() -> None:
    """Importing the app loads neither the world nor scenarios, scorer, sessions or certificates."""
    code = (
        "import sys, incidentsim.tui.app as _\n"
        "names = ('world', 'scenario', 'scoring', 'session', 'certify', 'telemetry')\n"
        "print([n for n in names if 'incidentsim.' + n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_messages_are_counted_until_the_channel_is_read() -> None:
    """A team-mate's message shows as a number on the channel's tab until it was opened."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        await to_live(pilot, provider)
        assert "7 Channel(1)" in shown(app)
        await pilot.press("7")
        await wait_for(pilot, lambda: "Channel(1)" not in shown(app), "read")
        assert Span("three customers report slow chat since 12:04") in [
            s for r in app.screen.query_one("#channel-list", RowsView).rows for s in r.spans
        ]


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


async def test_keys_typed_right_after_the_colon_reach_the_command_line() -> None:
    """Typing ahead of the screen loses nothing, and a colon inside the line is text."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        for key in (":", "n", "o", "t", "e", " ", "a", ":", "/", "b"):
            app.post_message(events.Key(events_name(key), key))
        await wait_for(pilot, lambda: screen.command_line.input.value == "note a:/b", "all keys arrived")


def events_name(key: str) -> str:
    """Return Textual's name of a printable key."""
    return {":": "colon", "/": "slash", " ": "space"}.get(key, key)


async def test_a_long_answer_is_shown_from_its_beginning() -> None:
    """After several commands the newest one's heading is in view, not the end of its lines."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await to_live(pilot, provider)
        for text in ("query one", "query two", "query three"):
            screen.command_line.focus_line(text)
            await pilot.press("enter")
            await wait_for(pilot, lambda text=text: f"› {text}" in shown(app), text)  # type: ignore[misc]
        await wait_for(pilot, lambda: "query line 0" in shown(app), "the first line is in view")


async def test_an_empty_command_line_leaves_the_screen_its_keys() -> None:
    """Typing goes to the command line at once; while it is empty digits open tabs and space pauses."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        await wait_for(pilot, lambda: screen.focused is screen.command_line.input, "the line is focused")
        await pilot.press("space", "plus")
        await wait_for(pilot, lambda: "PAUSED" in shown(app), "paused")
        assert screen.command_line.input.value == ""
        await pilot.press(*"scale 4")
        assert screen.command_line.input.value == "scale 4"
        await pilot.press("ctrl+u", "7")
        await wait_for(pilot, lambda: screen.tab.NAME == "channel", "the seventh tab")


async def test_a_letter_without_a_meaning_begins_a_command() -> None:
    """In a pane a letter goes to the command line, and so does what was typed right after it, and a paste."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        await pilot.press("4")
        await wait_for(pilot, lambda: screen.focused is screen.tab.main(), "the changes are focused")
        burst = "query sum by tenant rate last 15 minutes and so on for long enough to be torn apart"
        for key in burst:
            app.post_message(events.Key(events_name(key), key))
        await wait_for(pilot, lambda: screen.command_line.input.value == burst, "all keys arrived in order")
        await pilot.press("ctrl+u", "4")
        await wait_for(pilot, lambda: screen.focused is screen.tab.main(), "the changes are focused again")
        app.post_message(events.Paste('status "hello"\nand more'))
        await wait_for(pilot, lambda: screen.command_line.input.value == 'status "hello"', "pasted")


async def test_news_is_told_beside_the_command_line() -> None:
    """What a team-mate writes is shown above the line while nothing is typed, and stays in the channel."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider, at_s=30)
        assert "three customers report slow chat since 12:04" not in shown(app)
        provider.session.advance(20 * SECOND)
        screen.tick()
        told = "◂ customer-success three customers report slow chat since 12:04"
        await wait_for(pilot, lambda: told in shown(app), "the message is told")


async def test_page_keys_scroll_the_answers_from_the_command_line() -> None:
    """PgUp brings an earlier answer back; Esc hides the answers and keeps the line focused."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        for number in range(12):
            await pilot.press(*f"note {number}", "enter")
        answers = screen.query_one("#result-list", RowsView)
        await wait_for(pilot, lambda: answers.scroll_offset.y > 0, "more than fits")
        before = answers.scroll_offset.y
        await pilot.press("pageup")
        await wait_for(pilot, lambda: answers.scroll_offset.y < before, "scrolled back")
        await pilot.press("escape")
        await wait_for(pilot, lambda: not screen.query_one("#results").has_class("-open"), "hidden")
        assert screen.focused is screen.command_line.input


async def test_what_is_typed_ahead_stays_in_order() -> None:
    """Keys that arrive all at once, as on a slow machine, give the commands that they spell."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        screen.command_line.focus_line()
        for key in (*"ack", "enter", *"query", "space", *"up", "enter", *"note", "space", "x"):
            character = " " if key == "space" else key if len(key) == 1 else None
            screen.command_line.input.post_message(events.Key(key, character))
        await wait_for(pilot, lambda: len(provider.session.submitted) == 2, "both were submitted")
        assert provider.session.submitted == ["ack", "query up"]
        assert screen.command_line.input.value == "note x"


async def test_a_question_stays_when_enter_follows_at_once() -> None:
    """A risky line and Enter in one go ask; the second Enter does it."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=SIZE) as pilot:
        screen = await to_live(pilot, provider)
        screen.command_line.focus_line()
        screen.command_line.input.value = "restart chat-pool-3"
        screen.command_line.input.post_message(events.Key("enter", None))
        await pilot.pause()
        assert not provider.session.submitted
        await pilot.press("enter")
        await wait_for(pilot, lambda: provider.session.submitted == ["restart chat-pool-3"], "confirmed")


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
