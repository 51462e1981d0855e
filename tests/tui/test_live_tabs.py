"""The tabs of the live screen, driven by keys and the mouse: what they show, what is recorded of it."""

from __future__ import annotations

from incidentsim.tui.app import IncidentApp
from incidentsim.tui.presenters.rows import Span
from incidentsim.tui.screens.live import TABS
from incidentsim.tui.tabs.metrics import MetricsTab
from incidentsim.tui.widgets.line_log import LineLog
from incidentsim.tui.widgets.rows_view import RowsView
from tests.tui.fake_provider import FakeProvider
from tests.tui.fake_session import SECOND
from tests.tui.helpers import shown, to_live, wait_for

SIZE = (120, 36)


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
