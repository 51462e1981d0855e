"""The session on the real stack: replay, pace, processes, resume and re-simulation agree."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

from incidentsim.scenario.cast import Cast, make_cast, plain_cast
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import TimedLine
from incidentsim.scoring.protocol import Plan
from incidentsim.session.headless import play as play_session
from incidentsim.session.headless import script_player
from incidentsim.session.host import IncidentSession
from incidentsim.session.pacing import LivePacer
from incidentsim.session.replay import ReplayResult, replay
from incidentsim.session.resimulation import Resimulator
from incidentsim.transcript import queries
from incidentsim.transcript.recovery import read
from tests.session.test_pacing import Clock

SCENARIOS = Path(__file__).parents[2] / "scenarios"

SCRIPT = (
    (3_000_000, "query sum(vllm:num_requests_waiting)"),
    (5_000_000, "logs level>=warn"),
    (8_030_000, "set gateway.admission tokens --because long"),
    (8_030_000, "scale chat-pool 9 --dry-run"),
    (12_000_000, "restart chat-pool-3 --yes"),
    (20_000_000, 'ask platform "what changed on the gateway?"'),
    (31_000_000, "drain chat-pool-2"),
    (40_000_000, "limit {tenant.strategic} tokens 300k"),
)
"""A minute of acting at random, with every kind of command that reaches the world."""


@lru_cache(maxsize=1)
def incident() -> Scenario:
    """Return the packaged incident, cut to a minute after four of prelude: half a second a run."""
    whole = load_scenario(SCENARIOS / "slow-chat")
    return whole.model_copy(update={"duration": 60_000_000, "prelude": 240_000_000})


def play(path: Path, *, cast: Cast | None = None) -> Path:
    """Play the script headless; return the record."""
    who = cast or plain_cast(incident())
    session = IncidentSession.create(incident(), seed=5, cast=who, path=path)
    session.step(0)
    lines = [TimedLine(t_us=t_us, command=who.render(text)) for t_us, text in SCRIPT]
    asyncio.run(play_session(session, script_player(lines)))
    session.close()
    return path


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one record of the script."""
    return play(tmp_path_factory.mktemp("real") / "s.jsonl")


@pytest.fixture(scope="module")
def result(played: Path) -> ReplayResult:
    """Return that record's replay."""
    return replay(read(played), incident())


def test_a_replay_of_the_real_stack_is_bit_identical(played: Path, result: ReplayResult) -> None:
    """Every fact and checkpoint comes again, and commands were really given (R3)."""
    assert result.same, result.first_divergence
    assert result.checkpoints == 30
    assert len(queries.commands(read(played))) == 5


def test_pace_leaves_no_trace_on_the_real_stack(tmp_path: Path, result: ReplayResult) -> None:
    """Played by a pacer in uneven slices with pauses, the world does the same (R10)."""
    clock = Clock()
    session = IncidentSession.create(incident(), seed=5, cast=plain_cast(incident()), path=tmp_path / "s.jsonl")
    session.step(0, 60.0)
    pacer = LivePacer(session, clock=clock)
    for place, (t_us, text) in enumerate(SCRIPT):
        while session.now_us < t_us - 400_000:
            clock.now_s += (0.033, 0.2, 0.11)[place % 3]
            pacer.pulse(60.0)
        session.step(t_us, 60.0)
        session.control("pause")
        session.submit(plain_cast(incident()).render(text))
        session.control("resume")
    while not session.ended:
        session.step(session.now_us + 777_777, 60.0)
    assert (session.world.dyn_digest(), session.world.tel_digest()) == (result.dyn, result.tel)
    assert queries.behaviour_digest(session.recorder.transcript()) == result.behaviour_digest
    session.close()


@pytest.mark.parametrize("share", [0.35, 0.8])
def test_a_cut_record_resumes_to_the_same_facts(
    tmp_path: Path, played: Path, result: ReplayResult, share: float
) -> None:
    """Cut in the middle of a line, the record resumes paused and comes to the same end (R1)."""
    lines = played.read_bytes().splitlines(keepends=True)
    keep = int(len(lines) * share)
    path = tmp_path / "cut.jsonl"
    path.write_bytes(b"".join(lines[:keep]) + lines[keep][:40])
    session = IncidentSession.resume(path, incident())
    given = len(queries.commands(session.recorder.transcript()))
    session.control("resume")
    acting = [line for line in SCRIPT if line[1].split()[0] not in ("query", "logs") and "--dry-run" not in line[1]]
    for t_us, text in acting[given:]:
        session.step(t_us)
        assert session.submit(plain_cast(incident()).render(text)).accepted
    session.step(incident().duration)
    assert queries.behaviour_digest(session.recorder.transcript()) == result.behaviour_digest
    session.close()


def test_resimulation_without_telemetry_counts_the_same(played: Path) -> None:
    """The recorded commands re-simulated give the record's last service levels and cost."""
    transcript = read(played)
    resimulate = Resimulator(scenario=incident(), seed=5, cast=plain_cast(incident()))
    (outcome,) = resimulate([Plan(commands=queries.commands(transcript), end_us=60_000_000)])
    last = queries.last_checkpoint(transcript)
    assert last is not None
    assert {key: list(pair) for key, pair in outcome.sli.items()} == last.sli
    assert outcome.cost_microdollars == last.cost_microdollars
    assert set(outcome.removed_at_us) == {cause.id for cause in incident().root_causes}


def test_branches_give_what_full_runs_give(played: Path) -> None:
    """Plans that share their beginning and fork give the outcomes of runs from the start, in order."""
    commands = queries.commands(read(played))
    plans = [Plan(commands=commands[:n], end_us=60_000_000, run_on_us=10_000_000) for n in (5, 0, 2, 3)]
    outcomes = []
    for workers in (1, 2):
        resimulate = Resimulator(scenario=incident(), seed=5, cast=plain_cast(incident()), workers=workers)
        outcomes.append(resimulate(plans))
    assert outcomes[0] == outcomes[1]
    assert len({repr(outcome) for outcome in outcomes[0]}) > 1


def test_another_cast_has_the_same_dynamics(tmp_path: Path, result: ReplayResult) -> None:
    """Invented names change what is emitted and nothing else."""
    path = play(tmp_path / "s.jsonl", cast=make_cast(incident(), 9))
    other = replay(read(path), incident())
    assert other.same
    assert other.dyn == result.dyn
    assert other.tel != result.tel


@pytest.mark.parametrize("hash_seed", ["0", "77", pytest.param("4242", marks=pytest.mark.long)])
def test_other_processes_and_hash_seeds_give_the_same_bits(
    tmp_path: Path, result: ReplayResult, hash_seed: str
) -> None:
    """A play in a fresh process with another hash seed has the same digests (R3)."""
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.session.test_real_world import incident, play\n"
        "from incidentsim.session.replay import replay\n"
        "from incidentsim.transcript.recovery import read\n"
        "r = replay(read(play(Path(sys.argv[1]))), incident())\n"
        "print(r.same, r.behaviour_digest, r.dyn, r.tel)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "s.jsonl")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    assert done.stdout.split() == ["True", result.behaviour_digest, result.dyn, result.tel]
