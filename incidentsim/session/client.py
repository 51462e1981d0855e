"""One role's door into a session on the same machine: `client_api.Session` over the host.

The terminal, plain mode, scripts and policies hold one. A door never hands out what its role may not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from incidentsim.client_api import Ack, ClientEvent, LogPage, Series, SessionInfo, Snapshot
from incidentsim.errors import UsageError
from incidentsim.session.host import IncidentSession
from incidentsim.session.looks import log_line
from incidentsim.session.projection import ROLE_LETTERS, client_events, session_info, snapshot
from incidentsim.specs.vocabulary import Vocabulary
from incidentsim.telemetry.logfilter import compile_filter


class RoleClient:
    """A client with the role candidate, interviewer or observer; only the candidate issues commands."""

    def __init__(self, host: IncidentSession, role: str) -> None:
        if role not in ROLE_LETTERS:
            raise UsageError(f"there is no role {role!r}; roles are {', '.join(ROLE_LETTERS)}")
        self._host = host
        self._role = role

    def info(self) -> SessionInfo:
        """Return what does not change."""
        return self._info

    def vocabulary(self) -> Vocabulary:
        """Return the names known now."""
        return self._host.world.vocabulary()

    async def submit(self, text: str, *, nonce: str = "") -> Ack:
        """Record, acknowledge and (at its tick) apply one command line."""
        if self._role != "candidate":
            text = "only the candidate issues commands"
            return Ack(accepted=False, seq=-1, t_us=self._host.now_us, k=0, text=text)
        return self._host.submit(text, nonce=nonce, actor=self._role)

    async def view_opened(self, screen: str) -> None:
        """Record that a screen came to the front; only the candidate's count."""
        if self._role == "candidate":
            self._host.view_opened(screen, actor=self._role)

    async def control(self, action: str, value: float = 0.0) -> None:
        """Change the pace; an observer can't."""
        if self._role != "observer":
            self._host.control(action, value, actor=self._role)

    async def wait_until(self, t_us: int) -> bool:
        """Return when scenario time has reached `t_us`, or the session ended (then False)."""
        return await self._host.wait_until(t_us)

    def events(self, since_seq: int = -1) -> Sequence[ClientEvent]:
        """Return the events this role may see with seq > `since_seq`."""
        return client_events(self._host.recorder.records, self._role, since_seq)

    def snapshot(self) -> Snapshot:
        """Return the state at a glance."""
        host = self._host
        return snapshot(
            world=host.world,
            charts=host.charts,
            recorder=host.recorder,
            scenario=host.scenario,
            runbooks=self._runbooks,
            role=self._role,
        )

    def chart(self, promql: str, start_us: int, end_us: int, step_us: int) -> tuple[Series, ...]:
        """Evaluate a range query; not recorded. Raises QueryError."""
        return self._host.charts.curves(promql, start_us, min(end_us, self._host.now_us), step_us)

    def logs(self, filter_text: str, *, after: int = -1, limit: int = 500) -> LogPage:
        """Return matching log lines; pass `next_index` as `after` to go on. Raises QueryError."""
        found = self._host.world.logs.select(compile_filter(filter_text), after, limit)
        lines = tuple(log_line(record) for record in found.records)
        return LogPage(lines=lines, next_index=found.next_after, hidden=found.hidden)

    @cached_property
    def _info(self) -> SessionInfo:
        return session_info(self._host.scenario, self._host.cast, self._host.recorder, self._role)

    @cached_property
    def _runbooks(self) -> tuple[tuple[str, str], ...]:
        host = self._host
        return tuple((name, host.cast.render(text)) for name, text in host.scenario.runbooks.items())
