"""The command line of the live screen, driven by keys: completion, history, questions, answers."""

from __future__ import annotations

from textual import events

from incidentsim.tui.app import IncidentApp
from incidentsim.tui.screens.help import HelpScreen
from incidentsim.tui.widgets.rows_view import RowsView
from tests.tui.fake_provider import FakeProvider
from tests.tui.fake_session import SECOND
from tests.tui.helpers import shown, to_live, wait_for

SIZE = (120, 36)


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
