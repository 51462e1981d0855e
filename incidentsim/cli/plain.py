"""Line mode: the same incident on stdin and stdout, for screen readers, pipes and small terminals.

No cursor movement, no colour. At a terminal the clock runs by itself and lines are printed as things happen.
From a pipe the clock stands still between lines and moves with `:wait 30s`, so a recorded dialogue always
gives the same answers. Knows the session only as its client does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from incidentsim.cli.lines import event_line
from incidentsim.client_api import Ack, Session
from incidentsim.commands.help import overview, verb_help
from incidentsim.errors import CommandError, IncidentSimError, UsageError
from incidentsim.exact import format_clock
from incidentsim.specs.knobs import format_duration, parse_duration
from incidentsim.specs.verbs import VERBS
from incidentsim.text import clean

Write = Callable[[str], None]
Pump = Callable[[float, int | None], Awaitable[None]]
"""Steps the world for at most so many seconds of wall time: as far as pacing allows, or, when a scenario time
is given, at once towards it."""

PUMP_BUDGET_S = 0.02
"""Longest slice of simulation between two looks at the keyboard, in seconds."""

IDLE_S = 0.05
"""Wait for a typed line between two slices, in seconds; none while the clock runs as fast as it can."""

CHUNK_US = 5_000_000
"""Scenario time between two looks for news while waiting without a running clock."""

META = {
    ":wait TIME": "let scenario time pass at once, for example :wait 30s",
    ":pause": "stop the clock",
    ":resume": "let it run again",
    ":speed X": "X scenario seconds a second; 0 is as fast as possible",
    ":help [VERB]": "all commands, or one",
    ":quit": "leave; the session is kept and can be resumed",
}
"""What line mode understands beside the commands of a session."""


class PlainMode:
    """One session in line mode. `run` ends when the incident is over, or the person leaves.

    `lines` gives typed lines and None at the end of input. With a `pump` the clock runs by itself; without,
    only `:wait` moves it. `confirm` asks before destructive commands, for people; a pipe means what it says.
    `prompt` is called before a line is waited for.
    """

    def __init__(
        self,
        session: Session,
        lines: asyncio.Queue[str | None],
        write: Write,
        *,
        pump: Pump | None = None,
        confirm: bool = False,
        prompt: Callable[[], None] = lambda: None,
    ) -> None:
        self._session = session
        self._lines = lines
        self._write = write
        self._pump = pump
        self._confirm = confirm
        self._prompt = prompt
        self._unconfirmed = ""
        self._waiting = False
        """A prompt stands on the line: what is said now begins on the next one."""
        self._seen = -1
        self._skip_to: int | None = None
        """While `:wait` skips ahead with a running clock: until when."""

    async def run(self) -> bool:
        """Play; return whether the incident is over (False: the person left)."""
        snapshot = self._session.snapshot()
        if snapshot.phase == "prelude":
            self._briefing()
            await self._prelude()
        else:
            self._seen = snapshot.last_seq
            state = "over" if snapshot.phase == "ended" else "paused; :resume lets the clock run"
            self._say(f"{self._session.info().title}, at {format_clock(snapshot.t_us)}, {state}")
        self._news()
        while not self._over():
            line = await self._next_line()
            if line is None or (line.strip() and not await self._handle(line.strip())):
                self._say(f"Left at {format_clock(self._now())}. The session is kept: "
                          f"incidentsim play --resume {self._session.info().session_id} --plain")  # fmt: skip
                return False
            self._news()
        return True

    async def _next_line(self) -> str | None:
        """Return the next typed line while the clock, if any, runs. Empty when the incident ends."""
        self._prompt()
        if self._pump is None:
            return await self._lines.get()
        reader = asyncio.ensure_future(self._lines.get())
        try:
            while not reader.done():
                await self._pump(PUMP_BUDGET_S, self._skip_to)
                self._waiting = True
                self._news()
                self._arrived()
                if not self._waiting:
                    self._prompt()  # what was said stands below the former one
                self._waiting = False
                if self._over():
                    return ""
                eager = self._skip_to is not None or self._session.snapshot().speed == 0
                await asyncio.wait({reader}, timeout=0 if eager else IDLE_S)
            return reader.result()
        finally:
            reader.cancel()

    async def _prelude(self) -> None:
        """Simulate up to the page: nobody can act before it."""
        while self._now() < 0 and not self._over():
            if self._pump is None:
                await self._session.wait_until(0)
            else:
                await self._pump(PUMP_BUDGET_S, None)
                await asyncio.sleep(0)

    async def _handle(self, line: str) -> bool:
        """Carry out one line; return False to leave."""
        if not line.startswith(":"):
            await self._command(line)
            return True
        word, _, rest = line[1:].partition(" ")
        try:
            return await self._meta(word, rest.strip())
        except IncidentSimError as wrong:
            self._say(str(wrong))
            return True

    async def _meta(self, word: str, rest: str) -> bool:
        match word:
            case "quit" | "q":
                return False
            case "pause" | "resume":
                await self._session.control(word)
                self._say(f"{word}d at {format_clock(self._now())}")
            case "speed":
                await self._session.control("speed", _speed(rest))
                self._say(f"speed {self._session.snapshot().speed:g}")
            case "wait":
                await self._wait(rest)
            case "help":
                self._help(rest)
            case _:
                raise UsageError(f"there is no :{word}; :help lists what there is")
        return True

    async def _wait(self, text: str) -> None:
        try:
            span_us = parse_duration(text or "10s")
        except ValueError as wrong:
            raise UsageError(f":wait: {wrong}") from wrong
        if span_us <= 0:
            raise UsageError(":wait takes a time above zero, for example 30s")
        until = self._now() + span_us
        if self._pump is not None:
            if self._session.snapshot().paused:
                raise UsageError("the clock is paused; :resume first")
            self._skip_to = until
            return
        while self._now() < until and not self._over():
            await self._session.wait_until(min(self._now() + CHUNK_US, until))
            self._news()
        if not self._over():
            self._say(f"It is {format_clock(self._now())}.")

    def _arrived(self) -> None:
        """Go back to the clock when `:wait` has skipped far enough."""
        if self._skip_to is not None and self._now() >= self._skip_to:
            self._skip_to = None
            self._say(f"It is {format_clock(self._now())}.")

    async def _command(self, line: str) -> None:
        if self._confirm and line != self._unconfirmed and _is_risky(line):
            self._unconfirmed = line
            self._say(f"{VERBS[line.split(maxsplit=1)[0]].danger}: enter the same line again to do it; "
                      "--dry-run shows what it would touch")  # fmt: skip
            return
        self._unconfirmed = ""
        self._answer(await self._session.submit(line))

    def _answer(self, ack: Ack) -> None:
        if ack.text or ack.view is None:
            self._say(ack.text if ack.accepted else f"Not done: {ack.text}")
        for text in ack.view.lines if ack.view else ():
            self._say(text)

    def _briefing(self) -> None:
        info = self._session.info()
        self._say(f"{info.title} ({info.level}, {format_duration(info.duration_us)})")
        self._say(f"The page: {info.page}")
        self._say(info.briefing.strip().replace("**", ""))
        for objective in info.objectives:
            self._say(f"Objective {objective.name}: {objective.text}")
        for name, role, reach in info.team:
            there = "Reads the channel." if reach == "channel" else f"Not in the channel: page {name}, then ask."
            self._say(f"Team: {name}, {role} {there}")
        for rule in info.rules:
            self._say(f"Rule: {rule}")
        if info.hints:
            prices = ", ".join(str(price) for price in info.hints)
            self._say(f"Hints: {len(info.hints)}, for {prices} points of the practice index. `hint` takes the next.")
        self._say("Type a command, or :help. `topology` lists the components, `runbook` the runbooks.")

    def _help(self, verb: str) -> None:
        if verb:
            try:
                lines = verb_help(verb)
            except CommandError as wrong:
                raise UsageError(str(wrong)) from wrong
            for line in lines:
                self._say(line)
            return
        for heading, verbs in overview():
            self._say(heading)
            for usage, text in verbs:
                self._say(f"  {usage}: {text}")
        self._say("In this mode")
        for usage, text in META.items():
            self._say(f"  {usage}: {text}")

    def _news(self) -> None:
        """Print what happened since the last call."""
        start_us = -self._session.info().prelude_us
        for event in self._session.events(self._seen):
            self._seen = event.seq
            if event.type == "change" and event.t_us <= start_us:
                continue  # older than the record, which gives it its first moment; `changes` has its time
            line = event_line(event.type, event.t_us, event.body, own=False)
            if line:
                self._say(line)

    def _say(self, text: str) -> None:
        if self._waiting:
            self._waiting = False
            self._write("")
        self._write(clean(text, limit=100_000, keep_newlines=True))

    def _now(self) -> int:
        return self._session.snapshot().t_us

    def _over(self) -> bool:
        return self._session.snapshot().phase == "ended"


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed <= 1000:
        raise UsageError(":speed takes a number from 0 (as fast as possible) to 1000, for example 2")
    return speed


def _is_risky(line: str) -> bool:
    words = line.split()
    spec = VERBS.get(words[0])
    return spec is not None and spec.danger == "destructive" and not {"--yes", "--dry-run"} & set(words)
