"""A session for players: it answers queries with fixed numbers and writes down what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from incidentsim.client_api import Ack, ChangeRow, ClientEvent, Series, Snapshot, View
from incidentsim.policies import MEMORISERS, PANEL, Briefed, Crash
from incidentsim.specs.vocabulary import Vocabulary

SCRIPT = (
    (30_000_000, "ack"),
    (60_000_000, "query up"),
    (100_000_000, "changes"),
    (200_000_000, "limit acme tokens 100"),
    (230_000_000, "query up"),
    (300_000_000, "scale chat-pool 3"),
    (400_000_000, 'status "done"'),
)
OTHER = ((50_000_000, "inspect gateway"), (150_000_000, "rollback chg-2"))
MEMORY = ((20_000_000, "ack"), (90_000_000, "limit mercer-labs tokens 400k"))
BRIEFED = Briefed(
    scripts=(SCRIPT, OTHER), memory=MEMORY, truth=(("organisation", "waiver_without_expiry"), ("gateway", "misrouted"))
)
RUNBOOKS = (
    ("slow", "Look first.\n\n    shed prompt_tokens>9000 10%\n\nThen `restart chat-pool`, or `limit <tenant> 5`."),
)

VOCABULARY = Vocabulary(
    components={"gateway": "gateway", "response-cache": "response-cache", "job.daily": "job", "chat-pool": "pool"},
    tenants=("a", "b"), pools=("chat-pool",), replicas=("chat-pool-0", "chat-pool-1"), waivers=("chg-1",),
    changes=("chg-1", "chg-2", "chg-3"), alerts=("Late", "Errors"), runbooks=("slow",),
    causes=(("gateway", "misrouted"), ("chat-pool", "overload"), ("chat-pool", "engine_hang")),
)  # fmt: skip


class Notebook:
    """Numbers by tenant now and before, the share of bad requests after so many changes taken back."""

    def __init__(
        self, now: dict[str, float], before: dict[str, float], share: Callable[[list[str]], float],
        runbooks: tuple[tuple[str, str], ...] = RUNBOOKS, detail: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:  # fmt: skip
        self.said: list[tuple[int, str]] = []
        self.nonces: dict[str, Ack] = {}
        self.controls: list[str] = []
        self.recovered = False
        self.t_us = 0
        self._now, self._before, self._share = now, before, share
        self._runbooks, self._detail = runbooks, detail or {}

    def vocabulary(self) -> Vocabulary:
        """Return the names of a small stack."""
        return VOCABULARY

    async def wait_until(self, t_us: int) -> bool:
        """Jump there."""
        self.t_us = max(self.t_us, t_us)
        return True

    async def submit(self, text: str, *, nonce: str = "") -> Ack:
        """Write down the command; answer what asks for numbers by tenant or objective."""
        if nonce in self.nonces:
            return self.nonces[nonce]
        self.said.append((self.t_us, text))
        series: tuple[Series, ...] = ()
        if "by (tenant)" in text:
            table = self._before if "offset" in text else self._now
            series = tuple(Series(labels={"tenant": t}, points=((0, v),)) for t, v in table.items())
        elif "by (slo)" in text:
            share = self._share([said for _, said in self.said])
            series = (Series(labels={"slo": "ttft"}, points=((0, share),)),)
        view = View(kind="query", title=text, lines=(), series=series) if series else None
        ack = Ack(accepted=True, seq=len(self.said), t_us=self.t_us, k=0, text="", view=view)
        if nonce:
            self.nonces[nonce] = ack
        return ack

    async def control(self, action: str, value: float = 0.0) -> None:
        """Write down the change of pace."""
        self.controls.append(action)

    def events(self, since_seq: int = -1) -> list[ClientEvent]:
        """Tell of a recovery, when there was one."""
        return [ClientEvent(seq=0, t_us=0, type="recovered", actor="host", body={})] if self.recovered else []

    def snapshot(self) -> Snapshot:
        """Return a screen with a change log and a runbook."""
        changes = tuple(
            ChangeRow(
                id=f"chg-{i}",
                t_us=-i * 60_000_000,
                kind="deploy",
                target=target,
                actor="",
                summary="",
                detail=self._detail.get(f"chg-{i}", ()),
            )
            for i, target in ((3, "gateway"), (2, "chat-pool"), (1, "organisation"))
        )
        return Snapshot(
            t_us=self.t_us, phase="live", paused=False, speed=0, severity="", acknowledged=True, burn=None,
            budget_left=None, cost_per_hour=0.0, tiles=(), alerts=(), components=(), changes=changes, hypotheses=(),
            runbooks=self._runbooks, last_seq=0, log_index=0,
        )  # fmt: skip

    def texts(self) -> list[str]:
        """Return the command lines, in order."""
        return [text for _, text in self.said]

    def verbs(self) -> list[str]:
        """Return the verbs used, in order."""
        return [text.split(maxsplit=1)[0] for text in self.texts()]


def played(name: str, **tables: Any) -> Notebook:
    """Let one player play, and start it again as often as it dies."""
    session = Notebook(
        tables.get("now", {"a": 10.0}), tables.get("before", {"a": 10.0}), tables.get("share", lambda said: 0.5),
        tables.get("runbooks", RUNBOOKS), tables.get("detail"),
    )  # fmt: skip
    while True:
        try:
            asyncio.run((PANEL | MEMORISERS)[name](session, BRIEFED))  # type: ignore[arg-type]
        except Crash:
            session.recovered = True
            continue
        return session
