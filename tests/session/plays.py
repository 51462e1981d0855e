"""Scripted plays of the fake world, shared by the tests of determinism, resuming and killing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.script import TimedLine
from incidentsim.session.headless import run_script
from incidentsim.session.host import IncidentSession
from incidentsim.transcript import queries
from tests.session.fake_world import FakeWorld
from tests.session.stage import scenario

SCRIPT = (
    (0, "ack"),
    (2_030_000, "query vllm:kv_cache_usage_perc"),
    (7_000_000, "scale chat-pool 10"),
    (7_000_000, "scale chat-pool 11 --dry-run"),
    (7_000_000, 'hypothesis "image" --cause chat-pool:bad_image'),
    (11_110_000, "scale nope 4"),
    (20_000_000, "limit strategic tokens 300k"),
    (20_050_000, "drain chat-pool-0"),
    (33_333_333, 'ask platform "what changed?"'),
    (40_000_000, "scale chat-pool 12"),
    (58_900_000, 'status "better"'),
    (70_000_000, "diagnose chat-pool bad_image --p 0.8"),
    (99_999_999, "restart chat-pool-0"),
)
"""What a person does in the fake incident: (scenario µs, command line)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """What two plays must share."""

    behaviour: str
    dyn: str
    tel: str


def digests(session: IncidentSession) -> Digests:
    """Return the digests of a session as it stands."""
    behaviour = queries.behaviour_digest(session.recorder.transcript())
    return Digests(behaviour=behaviour, dyn=session.world.dyn_digest(), tel=session.world.tel_digest())


def play_headless(path: Path) -> Path:
    """Play the script on the fake world to the end; return the path of the record."""
    what = scenario()
    lines = [TimedLine(t_us=t_us, command=text) for t_us, text in SCRIPT]
    return run_script(what, seed=7, cast=plain_cast(what), path=path, lines=lines, world_factory=FakeWorld)
