"""What a role may see: the snapshot, the briefing, and which events of the transcript.

Pure functions of the world's reported side and the session's state; the ground truth is not an input of any.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from incidentsim.client_api import (
    AlertRow,
    ChangeRow,
    ClientEvent,
    ComponentRow,
    Objective,
    Phase,
    SessionInfo,
    Snapshot,
)
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario, Slo
from incidentsim.session.charts import Charts
from incidentsim.session.engine import TICK_US
from incidentsim.session.ports import WorldPort
from incidentsim.session.recorder import Recorder
from incidentsim.specs.people import TEAM_ROLES
from incidentsim.transcript.model import Record
from incidentsim.transcript.projection import visible_to

ROLE_LETTERS = {"candidate": "c", "interviewer": "ig", "observer": "c"}
"""The letters of `vis` that each role reads; an observer sees what the candidate sees."""


def phase_of(now_us: int, ended: str) -> Phase:
    """Return where the session is: the prelude ends at T+0, with the first page."""
    if ended:
        return "ended"
    return "prelude" if now_us < 0 else "live"


def client_events(records: Sequence[Record], role: str, since_seq: int) -> tuple[ClientEvent, ...]:
    """Return the events with seq > `since_seq` that this role may see."""
    letters = ROLE_LETTERS[role]
    start = bisect_right(records, since_seq, key=lambda record: record.seq)
    return tuple(
        ClientEvent(seq=r.seq, t_us=r.t_us, type=r.type, actor=r.actor, body=r.body)
        for r in records[start:]
        if visible_to(r, letters)
    )


def session_info(scenario: Scenario, cast: Cast, recorder: Recorder, role: str) -> SessionInfo:
    """Return the briefing."""
    page = next((e.page for e in scenario.timeline if e.page is not None), None)
    return SessionInfo(
        session_id=str(recorder.header["sid"]),
        scenario=scenario.id,
        title=scenario.title,
        level=scenario.level,
        briefing=cast.render(scenario.briefing),
        page=cast.render(page.text) if page else "",
        duration_us=scenario.duration,
        prelude_us=scenario.prelude,
        tick_us=TICK_US,
        role=role,
        objectives=tuple(_objective(slo) for slo in scenario.slos),
        team=tuple(
            (mate.role, f"{cast.shown(mate.role)}. {TEAM_ROLES.get(mate.role, '')}".strip(), mate.reach)
            for mate in scenario.team
        ),
        diagram=tuple(cast.render(scenario.stack.diagram).splitlines()),
        rules=tuple(cast.render(rule) for rule in scenario.rules),
        transcript_path=str(recorder.path),
        hints=tuple(hint.price for hint in scenario.hints),
    )


def snapshot(
    *,
    world: WorldPort,
    charts: Charts,
    recorder: Recorder,
    scenario: Scenario,
    runbooks: tuple[tuple[str, str], ...],
    role: str,
) -> Snapshot:
    """Return the state at a glance."""
    state, now = recorder.state, world.now_us
    burn = charts.burn(now)
    letters = ROLE_LETTERS[role]
    last_seq = next((r.seq for r in reversed(recorder.records) if visible_to(r, letters)), -1)
    return Snapshot(
        t_us=now,
        phase=phase_of(now, state.ended),
        paused=state.paused,
        speed=state.speed_milli / 1000,
        severity=state.severity,
        acknowledged=state.acknowledged,
        burn=burn.rate,
        budget_left=burn.budget_left,
        cost_per_hour=charts.cost_per_hour(now),
        tiles=charts.tiles(now),
        alerts=tuple(
            AlertRow(
                name=a.name,
                state=a.state,
                severity=a.severity,
                since_us=a.since_us,
                summary=a.summary,
                expr=a.expr,
                silenced=a.silenced,
            )
            for a in world.alerts
        ),
        components=tuple(
            ComponentRow(name=c.name, kind=c.kind, health=c.health, summary=c.summary, edges=tuple(c.edges))
            for c in world.topology()
        ),
        changes=tuple(
            ChangeRow(
                id=c.id,
                t_us=c.t_us,
                kind=c.kind,
                target=c.target,
                actor=c.actor,
                summary=c.summary,
                detail=tuple(c.detail),
            )
            for c in world.changes()
        ),
        hypotheses=state.ledger.rows(),
        runbooks=runbooks,
        last_seq=last_seq,
        log_index=world.logs.next_index - 1,
    )


def _objective(slo: Slo) -> Objective:
    share = f"{slo.objective / 10_000:g} %"
    what = {
        "ttft": f"get their first token within {slo.threshold / 1e6:g} s",
        "quality": "get an answer that is of use",
        "residency": "stay in the region of their contract",
        "safety": "are let through when honest and stopped when hostile",
        "privacy": "get an answer that is their own, and nobody else's",
        "availability": "are answered without error",
    }[slo.kind]
    return Objective(name=slo.id, text=f"{share} of requests {what}", target=slo.objective / 1e6)
