"""The same screens at the smallest, the reference and a large size, as plain text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from incidentsim.tui.app import IncidentApp
from incidentsim.tui.screens.live import TABS
from incidentsim.tui.themes import THEMES
from incidentsim.tui.widgets.rows_view import RowsView
from tests.tui.fake_provider import FakeProvider
from tests.tui.helpers import grid, shown, to_live, wait_for

ALWAYS = (
    "SEV?",
    "slow-chat",
    "T+01:00",
    "$412/h",
    "budget",
    "burn",
    "chat-pool bad",
    "1 ",
    "8 Hypo",
    "> ",
    "?  help",
)
OVERVIEW = ("p95 TTFT", "tokens out/s", "gateway queue", "KV cache used", "preemptions/s", "answers 5xx",
            "✖ bad", "▲ warn", "● ok", "Alerts  2 firing", "Logs  all lines", "FOLLOW")  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_every_size_shows_everything(size: tuple[int, int]) -> None:
    """Header, tabs, tiles, alerts, log and command line fit at each size; no line is too long; tabs open."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=size) as pilot:
        screen = await to_live(pilot, provider)
        text = shown(app)
        missing = [word for word in (*ALWAYS, *OVERVIEW) if word not in text]
        assert not missing, f"{missing}\n{text}"
        lines = grid(app)
        assert len(lines) == size[1] and {cell_len(line) for line in lines} == {size[0]}
        assert app.screen.query_one("#timeline-list", RowsView).rows
        assert ("Timeline" in text) == (size[0] >= 100)
        for number, tab in enumerate(TABS, 1):
            await pilot.press(str(number))
            await wait_for(pilot, lambda name=tab.NAME: name == screen.tab.NAME, tab.NAME)  # type: ignore[misc]
            await pilot.pause()
            inner = screen.tab.region
            assert inner.width == size[0] and inner.height >= size[1] - 8
            assert {cell_len(line) for line in grid(app)} == {size[0]}


async def test_small_screens_reach_the_timeline_by_key() -> None:
    """At 80x24 the timeline is below the fold and Tab brings it into view."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await to_live(pilot, provider)
        screen.query_one("#timeline-list").focus()
        await wait_for(pilot, lambda: "Timeline" in shown(app), "scrolled into view")


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
async def test_every_theme_renders_every_role(theme: str) -> None:
    """Each theme defines every colour that the style sheets use; the words are the same in all."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat", theme=theme)
    async with app.run_test(size=(120, 36)) as pilot:
        await to_live(pilot, provider)
        assert app.theme == theme
        assert all(word in shown(app) for word in OVERVIEW)


async def test_no_color_keeps_states_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR no cell has a hue, and health is still there in glyphs and words."""
    monkeypatch.setenv("NO_COLOR", "1")
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=(120, 36)) as pilot:
        await to_live(pilot, provider)
        assert app.no_color
        assert all(word in shown(app) for word in ("✖ bad", "▲ warn", "● ok", "✖ chat-pool bad"))


WIDE = tuple(f"{row}{'─' * 90}▶ end-{row}" for row in "ab")


async def test_a_drawing_is_never_folded_and_moves_sideways(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 80 columns a wide drawing is cut with an ellipsis, one row a line; → shows its end, ← its beginning."""
    provider = FakeProvider()
    info = type(provider.session).info
    monkeypatch.setattr(type(provider.session), "info", lambda self: replace(info(self), diagram=WIDE, briefing="x"))
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, lambda: "← →" in shown(app), "the hint that there is more of the drawing")
        drawn = [line for line in grid(app) if "───" in line and "│" in line]
        assert [line.strip("│ ")[0] for line in drawn] == ["a", "b"] and all("…" in line for line in drawn)
        await pilot.press(*["right"] * 9)
        await wait_for(pilot, lambda: all(f"▶ end-{row}" in shown(app) for row in "ab"), "both ends")
        await pilot.press(*["left"] * 9)
        await wait_for(pilot, lambda: "end-a" not in shown(app) and "  a──" in shown(app), "the beginning")


async def test_a_drawing_that_fits_needs_no_keys() -> None:
    """At 120 columns nothing is cut, and the footer says nothing of it."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=(120, 36)) as pilot:
        await wait_for(pilot, lambda: "ready: Enter" in shown(app), "the prelude is simulated")
        assert "← →" not in shown(app)
