"""Level presets: other hints, logs and alerts; the same world, and the same record when it is run again."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from incidentsim.errors import UsageError
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.levels import at_level, level_of
from incidentsim.scenario.load import behaviour_digest
from incidentsim.session.again import rewind
from incidentsim.session.host import IncidentSession
from incidentsim.session.replay import replay
from incidentsim.specs.levels import LEVELS
from incidentsim.transcript import queries
from incidentsim.transcript.model import Transcript
from incidentsim.transcript.recovery import read
from tests.session.fake_world import FakeWorld
from tests.session.stage import scenario
from tests.session.test_real_world import incident

HINTS = [{"text": "a", "price": 3, "after": "1m"}, {"text": "b", "price": 5}]
RULES = {"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "up == 0", "for": "90s"},
                                            {"alert": "B", "expr": "up == 0"}]}]}  # fmt: skip


@lru_cache(maxsize=1)
def records() -> dict[str, Transcript]:
    """Return a minute of the packaged incident, played at each level and as written."""
    import tempfile

    out = {}
    with tempfile.TemporaryDirectory() as folder:
        for level in ("", *LEVELS):
            path = Path(folder) / f"{level or 'written'}.jsonl"
            session = IncidentSession.create(
                incident(), seed=5, cast=plain_cast(incident()), path=path, level=level
            )  # fmt: skip
            session.step(0)
            session.submit("limit strategic tokens 300k")
            session.step(incident().duration)
            session.close()
            out[level] = read(path)
    return out


def test_the_world_is_the_same_at_every_level() -> None:
    """Every checkpoint has the same dynamics digest at every level; the signals differ where the preset says so."""
    dynamics = {level: [c.dyn for c in queries.checkpoints(t)] for level, t in records().items()}
    signals = {level: queries.checkpoints(t)[-1].tel for level, t in records().items()}
    assert len({tuple(d) for d in dynamics.values()}) == 1
    assert signals[""] == signals["mid"]
    assert len(set(signals.values())) == len(LEVELS)
    assert len({t.header["scenario"]["digest"] for t in records().values()}) == 1


@pytest.mark.parametrize("level", ["junior", "staff"])
def test_a_record_is_run_again_at_its_level(level: str) -> None:
    """The header names the level, and a replay from the scenario as written is bit-identical."""
    record = records()[level]
    assert level_of(record.header) == level
    assert replay(record, incident()).same


def test_presets_change_hints_and_patience() -> None:
    """Prices, times and number of hints, and how long alerts wait, follow the preset; the digest does not."""
    written = scenario(hints=HINTS)
    written = written.model_copy(update={"stack": written.stack.model_copy(update={"alert_rules": RULES})})
    shown = {level: at_level(written, level) for level in LEVELS}
    assert {level: [(h.price, h.after) for h in s.hints] for level, s in shown.items()} == {
        "junior": [(2, 0), (3, 0)], "mid": [(3, 60_000_000), (5, 0)], "senior": [(5, 60_000_000), (8, 0)], "staff": [],
    }  # fmt: skip
    waits = {level: [r.get("for") for r in s.stack.alert_rules["groups"][0]["rules"]] for level, s in shown.items()}
    assert waits == {"junior": ["45s", None], "mid": ["90s", None], "senior": ["2m15s", None], "staff": ["3m", None]}
    assert {s.level for s in shown.values()} == set(LEVELS)
    assert {s.digest for s in shown.values()} == {written.digest}
    assert at_level(written, "") is written
    assert behaviour_digest(shown["mid"].model_copy(update={"level": written.level})) == behaviour_digest(written)


def test_an_unknown_level_is_told(tmp_path: Path) -> None:
    """A level that there is not gets a suggestion, and no record is begun."""
    with pytest.raises(UsageError, match=r"did you mean 'senior'\?"):
        IncidentSession.create(
            scenario(), seed=1, cast=plain_cast(scenario()), path=tmp_path / "s.jsonl", level="senor",
            world_factory=FakeWorld,
        )  # fmt: skip
    assert not (tmp_path / "s.jsonl").exists()


def test_resumed_and_rewound_sessions_keep_their_level(tmp_path: Path) -> None:
    """After a restart, and from a moment taken over, hints cost what they cost before."""
    written = scenario(hints=HINTS)
    path = tmp_path / "s.jsonl"
    session = IncidentSession.create(
        written, seed=1, cast=plain_cast(written), path=path, level="junior", world_factory=FakeWorld
    )
    session.step(30_000_000)
    session.close()
    resumed = IncidentSession.resume(path, written, world_factory=FakeWorld)
    assert resumed.client("candidate").info().hints == (2, 3)
    assert resumed.client("candidate").info().level == "junior"
    resumed.close()
    taken = rewind(read(path), written, tmp_path / "r.jsonl", t_us=10_000_000, world_factory=FakeWorld)
    assert taken.client("candidate").info().hints == (2, 3)
    taken.close()
