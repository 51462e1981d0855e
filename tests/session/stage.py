"""What session tests share: a small scenario for the fake world, and sessions on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from incidentsim.scenario.cast import Cast, make_cast, plain_cast
from incidentsim.scenario.model import Scenario
from incidentsim.session.host import IncidentSession
from tests.session.fake_world import FakeWorld

_KNOBS: dict[str, Any] = {
    "gateway": {"id": "gateway"},
    "router": {"id": "router"},
    "autoscaler": {"id": "autoscaler"},
}


def scenario(**changes: Any) -> Scenario:
    """Return a scenario of two minutes with a prelude of one."""
    fields: dict[str, Any] = {
        "id": "fake-queue",
        "version": 1,
        "title": "Slow chat",
        "summary": "Chat is slow.",
        "level": "mid",
        "duration": "2m",
        "prelude": "1m",
        "digest": "d" * 64,
        "byte_digest": "b" * 64,
        "stack": {
            "id": "fake",
            "title": "Fake",
            **_KNOBS,
            "diagram": "gateway -> chat-pool",
            "pools": [{"id": "chat-pool", "model_name": "m", "step_model": "x"}],
        },
        "tenants": [
            {
                "id": "strategic",
                "workload": {"rate": 20, "prompt": {"p0": 1, "p100": 2}, "output": {"p0": 1, "p100": 2}},
            }
        ],
        "slos": [{"id": "ttft", "title": "First token", "kind": "ttft", "objective": "99%"}],
        "timeline": [{"at": "0s", "page": {"text": "chat is slow for {tenant.strategic}", "source": "alerts"}}],
        "root_causes": [
            {
                "id": "image",
                "component": "chat-pool",
                "fault": "bad_image",
                "why": "secret-why",
                "evidence": [["change:CHG-1"]],
                "removed_when": {"knob": "x", "equals": "y"},
            }
        ],
        "team": [{"role": "platform"}],
        "runbooks": {"queue": "# Queue\nLook at {tenant.strategic}."},
        "briefing": "You are on call for {tenant.strategic}.",
    }
    return Scenario.model_validate({**fields, **changes})


def start(
    path: Path, *, seed: int = 7, cast: Cast | None = None, prelude: bool = True, **options: Any
) -> IncidentSession:
    """Return a session on the fake world, by default at T+0."""
    what = scenario()
    session = IncidentSession.create(
        what, seed=seed, cast=cast or plain_cast(what), path=path, world_factory=FakeWorld, **options
    )
    if prelude:
        session.step(0)
    return session


def made_cast() -> Cast:
    """Return a cast with invented names."""
    return make_cast(scenario(), 3)
