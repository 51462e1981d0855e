"""The command palette's one provider: every verb of the registry, the tabs and the themes, namespaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from incidentsim.specs.verbs import VERBS
from incidentsim.tui.presenters.results import DANGER_GLYPH
from incidentsim.tui.safe import content
from incidentsim.tui.screens.live import TABS, LiveScreen
from incidentsim.tui.themes import THEMES

if TYPE_CHECKING:
    from incidentsim.tui.app import IncidentApp


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    text: str
    help: str
    run: Callable[[], object]


class RegistryProvider(Provider):
    """A verb goes to the command line as text, never straight to the world; a theme is set at once."""

    def _entries(self) -> Iterator[_Entry]:
        app: IncidentApp = self.app  # type: ignore[assignment]
        live = self.screen if isinstance(self.screen, LiveScreen) else None
        if live is not None:
            for spec in VERBS.values():
                danger = f"{DANGER_GLYPH[spec.danger]} · " if spec.danger != "none" else ""
                run = partial(live.command_line.focus_line, f"{spec.name} ")
                yield _Entry(text=f"{spec.group}: {spec.name}", help=danger + spec.help, run=run)
            for number, tab in enumerate(TABS):
                run_tab = partial(live.run_action, f"tab({number})")
                yield _Entry(text=f"view: {tab.TITLE.lower()}", help=f"key {number + 1}", run=run_tab)
        for theme in THEMES:
            yield _Entry(text=f"theme: {theme.name}", help="colours", run=partial(setattr, app, "theme", theme.name))
        yield _Entry(text="app: help", help="keys and commands", run=app.action_help)
        if app.session is not None:
            yield _Entry(text="app: home", help="back to the scenarios; the session is kept", run=app.go_home)
        yield _Entry(text="app: leave", help="the session is kept", run=app.action_leave)

    async def discover(self) -> Hits:
        """Offer everything before anything is typed."""
        for entry in self._entries():
            yield DiscoveryHit(content(entry.text), entry.run, text=entry.text, help=entry.help)

    async def search(self, query: str) -> Hits:
        """Offer what matches."""
        matcher = self.matcher(query)
        for entry in self._entries():
            score = matcher.match(f"{entry.text} {entry.help}")
            if score > 0:
                yield Hit(score, content(entry.text), entry.run, text=entry.text, help=entry.help)
