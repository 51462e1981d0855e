"""One incident: the world, its record, and the single writer that moves both.

Everything that changes a session goes through `submit`, `control`, `view_opened` and `step`, on one thread. A
command is validated, given its tick, written to disk, acknowledged, and only then handed to the world; so
what was acknowledged survives the process. Clients get a door for their role from `client`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from incidentsim.client_api import Ack, Session
from incidentsim.commands.parse import parse
from incidentsim.errors import CommandError, UsageError
from incidentsim.events import as_body
from incidentsim.exact import format_clock
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.levels import at_level
from incidentsim.scenario.model import Scenario
from incidentsim.session.charts import Charts
from incidentsim.session.desk import Desk
from incidentsim.session.engine import RNG, TICK_US, engine_header
from incidentsim.session.looks import Eyes
from incidentsim.session.ports import WorldFactory, WorldPort, real_world
from incidentsim.session.recorder import Recorder
from incidentsim.session.state import SessionState
from incidentsim.text import clean
from incidentsim.transcript.model import Record
from incidentsim.transcript.writer import Durability

if TYPE_CHECKING:
    from incidentsim.session.webhook import AlertWebhook

SLICE_US = TICK_US
"""Scenario time simulated between two looks at the wall clock, when there is a budget: one tick."""

HEADLESS_SLICE_US = 10_000_000
"""Scenario time simulated between two writes of the record, when nobody waits: one checkpoint's distance."""

MAX_TEXT = 2_000
"""Longest command line kept in the record when it is rejected, in code points."""


class IncidentSession:
    """One play of one scenario. States: prelude (t < 0), live, ended; and paused, or not.

    Failure rule: an error while writing the record is raised to the caller, and nothing is acknowledged.
    """

    def __init__(self, scenario: Scenario, cast: Cast, world: WorldPort, recorder: Recorder) -> None:
        self.scenario = scenario
        self.cast = cast
        self.world = world
        self.recorder = recorder
        self.state = recorder.state
        self.charts = Charts(world.metrics, scenario)
        self.paced = False
        """Whether somebody else moves the clock (a pacer); without, `wait_until` does."""
        self.eyes = Eyes(world=world, charts=self.charts, scenario=scenario, cast=cast)
        self.webhook: AlertWebhook | None = None
        """Who is told of alerts outside this process, if the user wants that."""
        self._desk = Desk(self)
        self._waiting: list[tuple[int, asyncio.Future[bool]]] = []

    @classmethod
    def create(
        cls,
        scenario: Scenario,
        *,
        seed: int,
        cast: Cast,
        path: Path,
        roles: Sequence[str] = ("candidate",),
        durability: Durability = "normal",
        telemetry: bool = True,
        sid: str = "",
        level: str = "",
        world_factory: WorldFactory = real_world,
    ) -> IncidentSession:
        """Start a session at the beginning of its prelude; its record is a new file at `path`.

        `level` is a preset of `specs.levels`; without one the scenario is played as it is written.
        """
        scenario = at_level(scenario, level)
        policy: dict[str, Any] = {"hints": bool(scenario.hints), "open_book": True, "durability": durability}
        header: dict[str, Any] = {
            "v": 1,
            "sid": sid or token_hex(6),
            "created_utc": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "authority": "self",
            "engine": engine_header(),
            "scenario": {
                "id": scenario.id,
                "version": scenario.version,
                "digest": scenario.digest,
                "byte_digest": scenario.byte_digest,
            },
            "rubric": {"id": "", "digest": ""},
            "seed": seed,
            "cast": cast.to_json(),
            "rng": RNG,
            "tick_us": TICK_US,
            "clock": {"rate_ppm": 1_000_000},
            "roles": list(roles),
            "policy": {**policy, "level": level} if level else policy,
        }
        world = world_factory(scenario, seed=seed, cast=cast, telemetry=telemetry)
        state = SessionState(most_causes=len(scenario.root_causes) + 1)
        recorder = Recorder.create(path, header, state, durability=durability)
        session = cls(scenario, cast, world, recorder)
        session.record("start", {}, actor="host")
        return session

    @classmethod
    def resume(cls, path: Path, scenario: Scenario, *, world_factory: WorldFactory = real_world) -> IncidentSession:
        """Return the session whose record is at `path`, paused; an ended one comes back as ended."""
        from incidentsim.session.resume import resume

        return resume(path, scenario, world_factory=world_factory)

    @property
    def now_us(self) -> int:
        """Return the scenario time up to which everything has happened."""
        return self.world.now_us

    @property
    def ended(self) -> bool:
        """Return whether the session is over."""
        return bool(self.state.ended)

    def client(self, role: str) -> Session:
        """Return a door for one role: candidate, interviewer or observer."""
        from incidentsim.session.client import RoleClient

        return RoleClient(self, role)

    # --- time

    def step(self, target_us: int, budget_s: float | None = None) -> None:
        """Advance the world towards `target_us`, at most `budget_s` of wall time; record what it reports.

        Ends the session at the scenario's duration. Does nothing when it is over.
        """
        target = min(target_us, self.scenario.duration)
        deadline = None if budget_s is None else time.perf_counter() + budget_s
        size = HEADLESS_SLICE_US if deadline is None else SLICE_US
        while not self.ended and self.world.now_us < target:
            self.world.advance(min(self.world.now_us + size, target))
            self.record_facts()
            if deadline is not None and time.perf_counter() >= deadline:
                break
        if not self.ended and self.world.now_us >= self.scenario.duration:
            self.end("end", {"reason": "time"}, actor="host")
        self._wake()

    def record_facts(self) -> None:
        """Write what the world reported since the last call."""
        for fact in self.world.facts():
            self.recorder.append(fact.type, fact.t_us, as_body(fact), actor="world", vis=fact.vis)
            if self.webhook is not None:
                self.webhook.take(fact)

    async def wait_until(self, t_us: int) -> bool:
        """Return when `t_us` is reached (True) or the session is over (False); without a pacer, go there."""
        if not self.paced:
            self.step(t_us)
            await asyncio.sleep(0)
        elif not self.ended and self.world.now_us < t_us:
            future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._waiting.append((t_us, future))
            return await future
        return self.world.now_us >= t_us

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for t_us, future in waiting:
            if future.done():
                continue
            if self.world.now_us >= t_us:
                future.set_result(True)
            elif self.ended:
                future.set_result(False)
            else:
                self._waiting.append((t_us, future))

    # --- people

    def submit(self, text: str, *, nonce: str = "", actor: str = "candidate") -> Ack:
        """Take one command line; see `client_api.Session.submit`."""
        nonce = clean(nonce, limit=100)
        first = self.state.acks.get(nonce) if nonce else None
        if first is not None:
            return first
        if self.ended:
            return Ack(accepted=False, seq=-1, t_us=self.now_us, k=0, text="the incident is over")
        try:
            if self.now_us < 0:
                raise CommandError(f"it is {format_clock(self.now_us)}: commands are taken from the first page on")
            command = parse(text, self.world.vocabulary())
            ack = self._desk.carry_out(command, clean(text).strip(), nonce=nonce, actor=actor)
        except CommandError as wrong:
            ack = self._reject(text, str(wrong), nonce=nonce, actor=actor)
        if nonce:
            self.state.acks[nonce] = ack
        return ack

    def record(self, type_: str, body: dict[str, Any], *, actor: str) -> Record:
        """Write something that happened now, outside the world."""
        return self.recorder.append(type_, self.now_us, body, actor=actor)

    def view_opened(self, screen: str, *, actor: str = "candidate") -> None:
        """Record that a screen came to the front."""
        if self.ended:
            return
        self._close_view(actor)
        self.record("view_opened", {"screen": clean(screen, limit=60)}, actor=actor)

    def control(self, action: str, value: float = 0.0, *, actor: str = "candidate") -> None:
        """Record a change of pace, or give up. Raises UsageError for an unknown action or a bad speed."""
        if self.ended:
            return
        match action:
            case "pause" | "resume":
                if self.state.paused == (action == "resume"):
                    self.record(action, {}, actor=actor)
            case "speed":
                if not 0 <= value <= 1000:
                    raise UsageError(f"a speed of {value} can't be kept; choose 0 (as fast as possible) to 1000")
                self.record("clock", {"speed_milli": round(value * 1000)}, actor=actor)
            case "abandon":
                self.end("abandon", {"reason": "abandoned"}, actor=actor)
            case _:
                raise UsageError(f"{action!r} is not a control; use pause, resume, speed or abandon")

    def close(self) -> None:
        """Let go of the record; a session that is not over can be resumed."""
        self.recorder.close()
        if self.webhook is not None:
            self.webhook.close()

    def _reject(self, text: str, reason: str, *, nonce: str, actor: str) -> Ack:
        body = {
            "text": clean(text, limit=MAX_TEXT),
            "reason": clean(reason, keep_newlines=True),
            "nonce": nonce,
        }
        record = self.record("rejected", body, actor=actor)
        return Ack(accepted=False, seq=record.seq, t_us=record.t_us, k=0, text=body["reason"])

    def _close_view(self, actor: str) -> None:
        view = self.state.view
        if view is not None:
            open_us = self.now_us - view.since_us
            self.record("view_closed", {"screen": view.screen, "open_us": open_us}, actor=actor)

    def end(self, type_: str, body: dict[str, Any], *, actor: str) -> Record:
        """End the session with a record of this type; the screen in front is closed first."""
        self._close_view("host")
        record = self.record(type_, body, actor=actor)
        self._wake()
        return record
