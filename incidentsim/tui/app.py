"""The app: which screen is in front, which session is running, and the one task that steps its world."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import events, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen

from incidentsim.client_api import Session
from incidentsim.errors import IncidentSimError
from incidentsim.tui.feed import LiveFeed
from incidentsim.tui.palette import RegistryProvider
from incidentsim.tui.provider import PUMP_BUDGET_S, HomeProvider
from incidentsim.tui.safe import notify
from incidentsim.tui.screens.briefing import BriefingScreen
from incidentsim.tui.screens.debrief import DebriefScreen
from incidentsim.tui.screens.help import HelpScreen
from incidentsim.tui.screens.home import HomeScreen
from incidentsim.tui.screens.leave import LeaveScreen
from incidentsim.tui.screens.live import LiveScreen
from incidentsim.tui.themes import DARK, THEMES

PUMP_INTERVAL_S = 0.05
"""Pause between two slices at x1 to x8, in seconds: 20 slices a second leave the core idle in between."""

_EAGER_INTERVAL_S = 0.001
"""The same while the prelude is simulated or the speed is `max`: just long enough to read the keyboard."""

_SLICES_PER_LOOK = 4
"""Slices between two looks at a snapshot, which costs more than the pause it decides on."""


class IncidentApp(App[None]):
    """Home, then briefing, live and debrief of one session at a time.

    `start` opens a scenario at once (with `seed` and `level`), `resume` a session on disk. `hz` is how often
    the screen is brought up to date. A session that is left is kept; its provider can resume it.
    """

    TITLE = "incidentsim"
    CSS_PATH = ["app.tcss", "live.tcss"]  # noqa: RUF012
    COMMANDS = {RegistryProvider}  # noqa: RUF012
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", show=False, priority=True),
        Binding("f1", "help", show=False, priority=True),
    ]

    def __init__(
        self,
        provider: HomeProvider,
        *,
        start: str | None = None,
        resume: str | None = None,
        seed: int | None = None,
        level: str | None = None,
        hz: float = 4.0,
        theme: str = DARK.name,
    ) -> None:
        super().__init__()
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme if theme in self.available_themes else DARK.name
        self.provider = provider
        self.hz = hz
        self.session: Session | None = None
        self._start, self._resume, self._seed, self._level = start, resume, seed, level
        self._waiting = False
        """The briefing holds the clock at T+0 until someone takes the pager."""

    async def on_event(self, event: events.Event) -> None:
        """Let the live screen decide where a key goes before it is on its way."""
        if isinstance(event, events.Key) and not event.is_forwarded and isinstance(self.screen, LiveScreen):
            self.screen.before_key(event)
        await super().on_event(event)

    async def on_mount(self) -> None:
        """Show the home screen, and start or resume what was asked for."""
        await self.push_screen(HomeScreen(self.provider))
        self.pump_world()
        if self._resume is not None:
            self.resume_session(self._resume)
        elif self._start is not None:
            self.start_scenario(self._start, seed=self._seed, level=self._level)

    @work(group="pump", exclusive=True)
    async def pump_world(self) -> None:
        """Step the running session's world in short slices, for as long as the app lives."""
        while True:
            session = self.session
            if session is None:
                await asyncio.sleep(PUMP_INTERVAL_S)
                continue
            snapshot = session.snapshot()
            if snapshot.phase == "live" and self._waiting and not snapshot.paused:
                await session.control("pause")
            eager = snapshot.phase == "prelude" or (snapshot.speed == 0 and not snapshot.paused)
            for _ in range(_SLICES_PER_LOOK):
                if snapshot.phase != "ended" and self.session is session:
                    await self.provider.pump(session, PUMP_BUDGET_S)
                await asyncio.sleep(_EAGER_INTERVAL_S if eager else PUMP_INTERVAL_S)

    @work(group="open", exclusive=True)
    async def start_scenario(self, scenario_id: str, *, seed: int | None = None, level: str | None = None) -> None:
        """Open a scenario and show its briefing."""
        try:
            session = await self.provider.open(scenario_id, seed=seed, level=level)
        except IncidentSimError as error:
            notify(self.screen, str(error), severity="error", timeout=10)
            return
        self._waiting = True
        await self._bring(BriefingScreen(session, hz=self.hz), session)

    @work(group="open", exclusive=True)
    async def resume_session(self, session_id: str) -> None:
        """Open a session on disk: live where it was left, or its debrief when it is finished."""
        home = self.screen if isinstance(self.screen, HomeScreen) else None
        if home is not None:
            home.busy(f"opening {session_id}: what goes on is run again first, which takes seconds")
        try:
            session = await self.provider.resume(session_id)
        except IncidentSimError as error:
            notify(self.screen, str(error), severity="error", timeout=20)
            return
        finally:
            if home is not None:
                home.busy("")
        self._waiting = False
        ended = session.snapshot().phase == "ended"
        await self._bring(DebriefScreen(self.provider, session) if ended else self._live(session), session)

    @work(group="open", exclusive=True)
    async def rewind(self, t_us: int) -> None:
        """Take over from a moment of the session whose debrief is in front: a new session, paused there."""
        before = self.session
        if before is None:
            return
        notify(self.screen, "Running the record again up to that moment, which takes seconds.", timeout=10)
        try:
            session = await self.provider.rewind(before, t_us)
        except IncidentSimError as error:
            notify(self.screen, str(error), severity="error", timeout=20)
            return
        self._waiting = False
        await self._bring(self._live(session), session)

    def _live(self, session: Session) -> LiveScreen:
        return LiveScreen(LiveFeed(session), hz=self.hz)

    async def _bring(self, screen: Screen[None], session: Session) -> None:
        """Put the first screen of a session over the home screen, which doesn't flash up in between."""
        self.session = None
        while len(self.screen_stack) > 3 or isinstance(self.screen, ModalScreen):
            await self.pop_screen()
        self.session = session
        if isinstance(self.screen, HomeScreen):
            await self.push_screen(screen)
        else:
            await self.switch_screen(screen)

    async def _to_home(self) -> None:
        self.session = None
        while len(self.screen_stack) > 1 and not isinstance(self.screen, HomeScreen):
            await self.pop_screen()

    @work(group="open", exclusive=True)
    async def take_pager(self) -> None:
        """Leave the briefing for the live screen and let the clock run."""
        session = self.session
        if session is None or not self._waiting:
            return
        self._waiting = False
        if session.snapshot().paused:
            await session.control("resume")
        await self.switch_screen(self._live(session))

    @work(group="over", exclusive=True)
    async def incident_over(self) -> None:
        """Show the debrief of the session that has ended, whatever is open over it."""
        session = self.session
        if session is None:
            return
        while not isinstance(self.screen, (HomeScreen, LiveScreen)) and len(self.screen_stack) > 1:
            await self.pop_screen()
        screen = DebriefScreen(self.provider, session)
        if isinstance(self.screen, LiveScreen):
            await self.switch_screen(screen)
        else:
            await self.push_screen(screen)

    def action_home(self) -> None:
        """Go back to the home screen."""
        self.go_home()

    @work(group="open", exclusive=True)
    async def go_home(self) -> None:
        """Go back to the home screen; an unfinished session is kept."""
        await self._to_home()

    def action_help(self) -> None:
        """Show the help, once."""
        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        else:
            self.push_screen(HelpScreen())

    def action_leave(self) -> None:
        """Ask before leaving."""
        if isinstance(self.screen, LeaveScreen):
            return
        kept = self.session.info().transcript_path if self.session is not None else ""
        self.push_screen(LeaveScreen(kept), self._left)

    def _left(self, leave: bool | None) -> None:
        if leave:
            self.exit()
