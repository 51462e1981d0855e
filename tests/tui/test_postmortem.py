"""The postmortem's editor, opened from the debrief."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual import events
from textual.pilot import Pilot

from incidentsim.tui.app import IncidentApp
from incidentsim.tui.presenters.postmortem import report_rows
from incidentsim.tui.provider import CheckedLine, CheckedPart, PostmortemReport
from incidentsim.tui.screens.debrief import DebriefScreen
from incidentsim.tui.screens.postmortem import PostmortemScreen
from incidentsim.tui.widgets.editor import Editor
from tests.tui.fake_provider import FakeProvider
from tests.tui.fake_session import HOSTILE
from tests.tui.helpers import grid, shown, wait_for

SIZE = (120, 36)


async def to_editor(pilot: Pilot[None], app: IncidentApp) -> Editor:
    """Go from the debrief of a finished session into the editor."""
    await wait_for(pilot, lambda: "Practice index" in shown(app), "scored")
    await pilot.press("p")
    await wait_for(pilot, lambda: isinstance(app.screen, PostmortemScreen), "the editor")
    return app.screen.query_one(Editor)


async def test_write_check_and_revise() -> None:
    """Writing begins below the first heading; Ctrl+S saves and shows findings, the second time what changed."""
    provider = FakeProvider()
    app = IncidentApp(provider, resume="s-0")
    async with app.run_test(size=SIZE) as pilot:
        await to_editor(pilot, app)
        await pilot.press(*"slow", "ctrl+s")
        await wait_for(pilot, lambda: "Facts: 1 right, 1 wrong" in shown(app), "findings")
        assert provider.kept == "# Postmortem: slow-chat\n\n## Summary\nslow\n\n## Action items\n\n-\n"
        assert provider.checked == [provider.kept]
        assert "Since the text" not in shown(app)
        assert "#4 #5 #6 #7 +2" in shown(app)
        await pilot.press(*"er")
        await wait_for(pilot, lambda: "of an earlier text" in shown(app), "the findings are old")
        await pilot.press("ctrl+s")
        await wait_for(pilot, lambda: "Since the text checked before" in shown(app), "what changed")
        assert "slower" in provider.checked[1]


async def test_a_finding_leads_to_its_line() -> None:
    """Tab goes to the findings, Enter on one puts the cursor on the line of the text."""
    app = IncidentApp(FakeProvider(), resume="s-0")
    async with app.run_test(size=SIZE) as pilot:
        editor = await to_editor(pilot, app)
        await pilot.press("ctrl+s")
        await wait_for(pilot, lambda: "wrong: 12:30" in shown(app), "findings")
        await pilot.press("tab", "down", "down", "enter")
        await wait_for(pilot, lambda: editor.cursor_location == (5, 0), "line 6")
        assert app.focused is editor


async def test_escape_goes_back_with_nothing_lost() -> None:
    """Esc keeps the text without checking it; p shows it again."""
    provider = FakeProvider()
    app = IncidentApp(provider, resume="s-0")
    async with app.run_test(size=SIZE) as pilot:
        await to_editor(pilot, app)
        await pilot.press(*"halfway", "escape")
        await wait_for(pilot, lambda: isinstance(app.screen, DebriefScreen), "the debrief")
        assert "halfway" in provider.kept
        assert not provider.checked
        editor = await to_editor(pilot, app)
        assert "halfway" in editor.text


async def test_what_cannot_be_kept_stays_on_screen() -> None:
    """With a full disk Esc says so and stays; when there is room again it goes back."""
    provider = FakeProvider()
    app = IncidentApp(provider, resume="s-0")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        editor = await to_editor(pilot, app)
        provider.full = True
        await pilot.press(*"words", "escape")
        await wait_for(pilot, lambda: "no space" in shown(app), "the reason")
        assert isinstance(app.screen, PostmortemScreen)
        assert "words" in editor.text
        provider.full = False
        await pilot.press("escape")
        await wait_for(pilot, lambda: isinstance(app.screen, DebriefScreen), "the debrief")
        assert "words" in provider.kept


async def test_leaving_the_program_keeps_the_text() -> None:
    """Ctrl+Q from the editor asks, and what was written is kept."""
    provider = FakeProvider()
    app = IncidentApp(provider, resume="s-0")
    async with app.run_test(size=SIZE) as pilot:
        await to_editor(pilot, app)
        await pilot.press(*"late")
        app.exit()
    assert "late" in provider.kept


async def test_pasted_text_is_cleaned() -> None:
    """Line breaks of a paste stay; control characters never get into the text."""
    app = IncidentApp(FakeProvider(), resume="s-0")
    async with app.run_test(size=SIZE) as pilot:
        editor = await to_editor(pilot, app)
        editor.post_message(events.Paste(f"one\r\ntwo {HOSTILE}"))
        await wait_for(pilot, lambda: "one\ntwo" in editor.text, "pasted")
        assert "\x1b" not in editor.text
        assert "\r" not in editor.text


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_text_and_findings_fit_at_every_size(size: tuple[int, int]) -> None:
    """Both panes are on screen, side by side or below each other, and no line is too long."""
    app = IncidentApp(FakeProvider(), resume="s-0")
    async with app.run_test(size=size) as pilot:
        await to_editor(pilot, app)
        await pilot.press("ctrl+s")
        await wait_for(pilot, lambda: "Strength" in shown(app), "findings")
        text = shown(app)
        assert all(word in text for word in ("## Summary", "Findings", "Ctrl+S", "Esc"))
        assert {cell_len(line) for line in grid(app)} == {size[0]}


async def test_a_line_with_several_numbers_shows_all_records() -> None:
    """Enter on a line of the debrief shows each of the records it rests on."""
    app = IncidentApp(FakeProvider(), resume="s-0")
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, lambda: "#4 #5" in shown(app), "both numbers")
        await pilot.press("enter")
        await wait_for(pilot, lambda: "#5 T+00:40" in shown(app), "the second record")
        assert "#4 T+00:01" in shown(app)


def test_findings_say_how_controls_are_proven() -> None:
    """Findings with a line have it as key, others none; the command for re-simulation comes last."""
    report = PostmortemReport(
        strength=CheckedLine(text="Good.", line=3),
        improvement=CheckedLine(text="Say more."),
        parts=(CheckedPart(title="Facts", lines=(CheckedLine(text="wrong: 3", line=7, mark="bad"),)),),
    )
    rows = report_rows(report, "incidentsim postmortem a --check b")
    assert [row.key for row in rows if row.text] == ["3", "", "", "7", "", ""]
    assert rows[-1].text.strip() == "incidentsim postmortem a --check b"
    assert "line 7" in rows[4].text
