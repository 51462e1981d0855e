"""Untrusted text: rendered literally by every widget, and no other way to hand it to one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import incidentsim.tui
from incidentsim.tui.app import IncidentApp
from incidentsim.tui.safe import content
from incidentsim.tui.screens.live import TABS
from tests.tui.fake_provider import FakeProvider
from tests.tui.fake_session import HOSTILE
from tests.tui.helpers import shown, to_live, wait_for

ROOT = Path(incidentsim.tui.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

MARKUP_CALLS = {
    "Static", "Label", "Button", "Checkbox", "Option", "Digits", "Link", "Log", "RichLog", "DataTable",
    "Markdown", "Tree", "OptionList", "SelectionList", "ListItem", "Collapsible", "Tooltip", "Header",
    "Pretty", "TextArea", "from_markup", "from_text", "render_str", "add_row", "add_column", "add_option",
    "write_line",
}  # fmt: skip
"""Constructors and methods of Textual that parse markup or pass text through as it is."""

MARKUP_ATTRIBUTES = {"border_title", "border_subtitle", "tooltip", "sub_title"}
"""Attributes whose str value is parsed as markup."""

BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def problems(source: str, *, is_safe_module: bool = False) -> list[str]:
    """Return each place where text that is not a literal could be parsed as markup."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = _name(node.func)
            arguments = [*node.args, *(k.value for k in node.keywords)]
            if name in MARKUP_CALLS and any(not isinstance(a, ast.Constant) for a in arguments):
                found.append(f"{node.lineno}: {name} is given text that is not a literal")
            if name == "notify" and isinstance(node.func, ast.Attribute) and not is_safe_module:
                found.append(f"{node.lineno}: notify: use safe.notify")
            if name == "Content" and not is_safe_module:
                found.append(f"{node.lineno}: Content: use safe.content")
        if isinstance(node, ast.Assign) and not isinstance(node.value, ast.Constant) and not is_safe_module:
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr in MARKUP_ATTRIBUTES:
                    found.append(f"{node.lineno}: {target.attr}: use safe.set_titles")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_widget_is_handed_raw_text(path: Path) -> None:
    """In the terminal's sources no data reaches a place where Textual parses markup."""
    assert problems(path.read_text(encoding="utf-8"), is_safe_module=path.name == "safe.py") == []


@pytest.mark.parametrize(
    "source",
    ["Static(text)", "Label(f'{x}')", "w.border_title = name", "self.notify(text)", "table.add_row(a, 'b')",
     "Content(text)", "Option(prompt=text)"],
)  # fmt: skip
def test_the_check_finds_each_kind_of_leak(source: str) -> None:
    """The check itself fails on what it is there for."""
    assert problems(source)


def test_presenters_import_no_textual() -> None:
    """View models are pure: nothing below presenters, nor the feed and the provider, knows Textual."""
    for path in [*(ROOT / "presenters").glob("*.py"), ROOT / "feed.py", ROOT / "provider.py"]:
        modules = [
            n.module or "" if isinstance(n, ast.ImportFrom) else n.names[0].name
            for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(n, (ast.Import, ast.ImportFrom))
        ]
        assert not [m for m in modules if m.startswith("textual")], path


def test_content_is_literal() -> None:
    """Brackets stay brackets, and no control character is left."""
    made = content(HOSTILE, "bold")
    assert "[red]boom[/]" in made.plain and "[/nope]" in made.plain
    assert not BAD.search(made.plain)


async def test_hostile_text_is_shown_literally_everywhere() -> None:
    """Markup, escapes and bidirectional marks in every field reach every screen as plain text."""
    provider = FakeProvider(hostile=True)
    app = IncidentApp(provider)
    async with app.run_test(size=(200, 60)) as pilot:

        async def literal(where: str) -> None:
            await wait_for(pilot, lambda: "[red]boom[/]" in shown(app), where)
            assert not BAD.search(shown(app).replace("\n", "")), where

        await literal("home")
        await pilot.press("enter")
        await wait_for(pilot, lambda: "ready: Enter" in shown(app), "briefing")
        await literal("briefing")
        screen = await to_live(pilot, provider)
        for number, tab in enumerate(TABS, 1):
            await pilot.press(str(number), "enter")
            await wait_for(pilot, lambda name=tab.NAME: name == screen.tab.NAME, tab.NAME)  # type: ignore[misc]
            if tab.NAME == "hypotheses":
                screen.command_line.focus_line("hypothesis [b]x[/b]")
                await pilot.press("enter")
            if tab.NAME == "metrics":
                await pilot.press("slash", "ctrl+u", *"rate(x", "escape", "enter")
            await literal(tab.NAME)
        for text in ("query up", "frobnicate [red]", "trace slowest"):
            screen.command_line.focus_line(text)
            await pilot.press("enter")
            await literal(text)
        screen.command_line.focus_line("resolve")
        await pilot.press("enter", "enter")
        await wait_for(pilot, lambda: "Practice index" in shown(app), "debrief")
        await literal("debrief")
        await pilot.press("p")
        await literal("postmortem")
        await pilot.press("ctrl+s")
        await wait_for(pilot, lambda: "Improve next" in shown(app), "checked")
        await literal("findings")


async def test_hostile_keystrokes_are_cleaned_in_the_line() -> None:
    """Control characters that are pasted into the command line never get into it."""
    provider = FakeProvider()
    app = IncidentApp(provider, start="slow-chat")
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await to_live(pilot, provider)
        screen.command_line.focus_line(f"note {HOSTILE}")
        await pilot.pause()
        assert not BAD.search(screen.command_line.input.value)
        await pilot.press("enter")
        await wait_for(pilot, lambda: bool(provider.session.submitted), "submitted")
        assert "[red]boom[/]" in provider.session.submitted[0]
        assert not BAD.search(provider.session.submitted[0])


async def test_hostile_errors_become_literal_notifications() -> None:
    """An error message with markup in it is a notification like any other."""
    app = IncidentApp(FakeProvider(hostile=True), start="broken")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await wait_for(pilot, lambda: "did you mean" in shown(app), "the error is shown")
        assert not BAD.search(shown(app).replace("\n", ""))
