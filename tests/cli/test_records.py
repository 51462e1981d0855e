"""run, replay, verify and score on the record of one play."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from incidentsim.cli.headless import RunRequest, run_one
from incidentsim.policies import PANEL
from incidentsim.session.engine import ENGINE_COMPAT
from incidentsim.specs.people import POLICIES
from tests.cli.conftest import ROOT, SCENARIO, CommandLine
from tests.session.fake_world import FakeWorld


def test_run_prints_score_and_outcome_as_json(incidentsim: CommandLine, place: Path, played: Path) -> None:
    """--json gives one object with the player, what users felt, refused lines, and the score."""
    done = incidentsim("run", SCENARIO, "--script", place / "mine.jsonl", "--seed", "1", "--json")
    result = json.loads(done.out)
    assert done.code == 0
    assert result["schema"] == "incidentsim-run/1"
    assert (result["scenario"], result["seed"], result["player"]) == (SCENARIO, 1, "script")
    assert result["commands"] == 1
    assert len(result["rejected"]) == 1
    assert result["score"]["schema"] == "incidentsim-score/1"
    assert result["transcript"] is None
    assert result["sli"]["ttft/strategic"][0] > 0


@pytest.mark.parametrize("name", ["do_nothing", "novice", "crash_resume_reference"])
def test_named_players_play(incidentsim: CommandLine, name: str) -> None:
    """Each scripted player can be named, and is named in the result."""
    assert tuple(PANEL) == POLICIES
    result = json.loads(incidentsim("run", SCENARIO, "--policy", name, "--json").out)
    assert result["player"] == name
    assert (result["commands"] == 0) == (name == "do_nothing")


def test_equal_runs_have_equal_digests(incidentsim: CommandLine, place: Path, played: Path) -> None:
    """The same seed gives the same behaviour digest, another seed another one."""
    arguments = ("run", SCENARIO, "--script", place / "mine.jsonl", "--json", "--seed")
    digests = [json.loads(incidentsim(*arguments, seed).out)["behaviour_digest"] for seed in ("1", "1", "2")]
    assert digests[0] == digests[1] != digests[2]


def test_run_says_how_it_went_in_one_line(incidentsim: CommandLine, place: Path, played: Path) -> None:
    """Without --json one line on stdout names seed, player and index."""
    done = incidentsim("run", SCENARIO, "--script", place / "mine.jsonl", "--seed", "3")
    assert done.out.startswith(f"{SCENARIO} seed 3 script: practice index ")
    assert len(done.out.splitlines()) == 1


def test_a_range_of_seeds_is_a_list(incidentsim: CommandLine, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A range prints a list by rising seed, whatever order they finish in, and fills the --out folder."""
    monkeypatch.setattr("incidentsim.cli.headless.run_many", lambda requests: map(run_one, reversed(requests)))
    out = place / "many"
    done = incidentsim("run", SCENARIO, "--policy", "do_nothing", "--seed", "4..5", "--out", out, "--json")
    assert [result["seed"] for result in json.loads(done.out)] == [4, 5]
    assert sorted(p.name for p in out.iterdir()) == [f"{SCENARIO}-seed4.jsonl", f"{SCENARIO}-seed5.jsonl"]


def test_an_interrupted_range_keeps_what_is_finished(incidentsim: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C in a range prints the finished runs as JSON and ends with 130."""

    def interrupted(requests: list[RunRequest]) -> Iterator[dict[str, Any]]:
        yield run_one(requests[0])
        raise KeyboardInterrupt

    monkeypatch.setattr("incidentsim.cli.headless.run_many", interrupted)
    done = incidentsim("run", SCENARIO, "--policy", "do_nothing", "--seed", "1..9", "--json")
    assert done.code == 130
    assert [result["seed"] for result in json.loads(done.out)] == [1]


@pytest.mark.long
def test_worker_processes_give_the_same_as_one_process(place: Path) -> None:
    """On the real world, a range in two processes gives the digests of single runs."""

    def run(seeds: str) -> Any:
        arguments = ["run", "slow-chat", "--policy", "do_nothing", "--seed", seeds, "--json"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-m", "incidentsim", *arguments],
            capture_output=True, text=True, cwd=place, env=environment, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    one, (first, second) = run("1"), run("1..2")
    assert first["behaviour_digest"] == one["behaviour_digest"] != second["behaviour_digest"]
    assert first["score"] == one["score"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "say who plays"),
        (("--policy", "reference", "--script", "mine.jsonl"), "say who plays"),
        (("--policy", "wizard"), "wizard"),
        (("--script", "absent.jsonl"), "absent.jsonl: can't be read"),
        (("--policy", "reference", "--seed", "9..2"), "must rise"),
        (("--policy", "reference", "--seed", "x"), "neither a seed"),
        (("--policy", "reference", "--seed", "1..99999999"), "at most 10000 seeds"),
    ],
)
def test_run_refuses_what_it_can_not_do(incidentsim: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    """Contradicting, unknown or impossible options end with 2 before anything runs."""
    done = incidentsim("run", SCENARIO, *arguments)
    assert done.code == 2
    assert message in done.err


def test_a_bad_script_names_its_line(incidentsim: CommandLine, place: Path) -> None:
    """A script line that is no command ends with 2 and the line's number."""
    (place / "bad.jsonl").write_text('{"t": 1, "command": "ack"}\n{"t": "soon"}\n', encoding="utf-8")
    done = incidentsim("run", SCENARIO, "--script", place / "bad.jsonl")
    assert done.code == 2
    assert "line 2:" in done.err


def test_run_never_overwrites(incidentsim: CommandLine, place: Path, played: Path) -> None:
    """An --out that exists is refused and left as it is."""
    before = played.read_bytes()
    done = incidentsim("run", SCENARIO, "--script", place / "mine.jsonl", "--out", played)
    assert done.code == 2
    assert played.read_bytes() == before


def test_verify_finds_a_whole_record(incidentsim: CommandLine, played: Path) -> None:
    """A record as it was written verifies: chain whole, replay identical, code 0."""
    done = incidentsim("verify", played)
    assert done.code == 0, done.err
    assert "chain    whole" in done.out
    assert "replay   identical" in done.out


def test_a_session_is_named_by_its_id(incidentsim: CommandLine, place: Path, played: Path) -> None:
    """verify, score and report take a session's id, or how it begins; a word that is none ends with 2."""
    sessions = place / "data" / "sessions"
    sessions.mkdir(parents=True)
    played.rename(sessions / "slow-answers-0badcafe.jsonl")
    assert incidentsim("verify", "slow-answers-0bad").code == 0
    assert incidentsim("score", "slow-answers-0badcafe").code == 0
    absent = incidentsim("verify", "fast-answers")
    assert (absent.code, "there is no session 'fast-answers'" in absent.err) == (2, True)
    sessions.rename(place / "elsewhere")
    (place / "other").mkdir()
    (place / "elsewhere").rename(place / "other" / "sessions")
    assert incidentsim("score", "slow-answers", "--data", place / "other").code == 0


def test_verify_finds_a_changed_record(incidentsim: CommandLine, played: Path) -> None:
    """One changed word breaks the chain: code 3, and the line is named."""
    text = played.read_text(encoding="utf-8")
    played.write_text(text.replace("adding replicas", "adding replicaz"), encoding="utf-8")
    done = incidentsim("verify", played)
    assert done.code == 3
    assert "line " in done.err


def test_verify_says_which_component_parts(
    incidentsim: CommandLine, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that is set otherwise than recorded ends with 1, and the checkpoint and the part are named."""
    true = FakeWorld._beat

    def tampered(world: FakeWorld, t_us: int) -> None:
        true(world, t_us)
        world.limited = world.limited or t_us == 33_000_000

    monkeypatch.setattr(FakeWorld, "_beat", tampered)
    done = incidentsim("verify", played)
    assert done.code == 1
    assert "replay   differs" in done.out
    (parting,) = (line for line in done.out.splitlines() if line.startswith("parting"))
    assert "first checkpoint that differs: T+00:40, in the state of " in parting
    assert "settings" in parting
    assert "first checkpoint that differs: T+00:40" in done.err


def test_verify_of_another_engine_checks_the_chain_only(
    incidentsim: CommandLine, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole record of another compat ends with 1 and names the compat it needs."""
    monkeypatch.setattr("incidentsim.session.resume.ENGINE_COMPAT", 99)
    done = incidentsim("verify", played)
    assert done.code == 1
    assert "chain    whole" in done.out
    assert f"compat {ENGINE_COMPAT}" in done.err


def test_verify_of_nothing_ends_with_3(incidentsim: CommandLine, place: Path) -> None:
    """A file that isn't there is an unreadable transcript."""
    assert incidentsim("verify", place / "absent.jsonl").code == 3


def test_replay_prints_what_happened_in_order(incidentsim: CommandLine, played: Path) -> None:
    """Pages, commands, effects, refusals and thoughts are printed with their times; the truth is not."""
    done = incidentsim("replay", played, "--plain")
    assert done.code == 0
    lines = done.out.splitlines()
    assert any(line.startswith("T+00:00 PAGE from alerts: chat is slow") for line in lines)
    assert any(line.startswith("T+00:20 you: scale chat-pool 12") for line in lines)
    assert any(line.startswith("T+00:30 not done: nonsense") for line in lines)
    assert any(line.startswith("T+00:40 hypothesis 1: too few pods (70 %") for line in lines)
    assert "bad_image" not in done.out


def test_replay_stops_at_the_asked_time(incidentsim: CommandLine, played: Path) -> None:
    """--at prints nothing later, in colour or not."""
    for plain in ((), ("--plain",)):
        done = incidentsim("replay", played, "--at", "35s", *plain)
        assert "T+00:30" in done.out
        assert "T+00:40" not in done.out


def test_replay_refuses_a_time_that_is_none(incidentsim: CommandLine, played: Path) -> None:
    """--at takes a duration."""
    assert incidentsim("replay", played, "--at", "noon").code == 2


def test_rebase_writes_the_same_play_anew(incidentsim: CommandLine, place: Path, played: Path) -> None:
    """On the same engine a rebased record behaves as its parent, names it, and verifies."""
    out = place / "rebased.jsonl"
    done = incidentsim("replay", played, "--rebase", out)
    assert done.code == 0, done.err
    assert "4 lines given again, 0 refused" in done.out
    assert incidentsim("verify", out).code == 0
    digests = [
        next(line for line in incidentsim("verify", path).out.splitlines() if "behaviour" in line)
        for path in (played, out)
    ]
    assert digests[0] == digests[1]
    assert '"type":"rebased"' in out.read_text(encoding="utf-8")


def test_rebase_never_overwrites(incidentsim: CommandLine, played: Path) -> None:
    """--rebase onto an existing file is refused."""
    before = played.read_bytes()
    assert incidentsim("replay", played, "--rebase", played).code == 3
    assert played.read_bytes() == before


def test_score_prints_a_debrief(incidentsim: CommandLine, played: Path) -> None:
    """score prints result, effects of moves, parts, and its caveats."""
    done = incidentsim("score", played)
    assert done.code == 0, done.err
    for heading in ("Result", "What your actions did to users", "Parts", "What this score can't tell"):
        assert f"{heading}\n" in done.out
    assert "scale chat-pool 12" in done.out


def test_score_as_json_is_one_object_or_a_list(incidentsim: CommandLine, played: Path) -> None:
    """One transcript gives an object, several a list, with the schema's name."""
    one = json.loads(incidentsim("score", played, "--json").out)
    two = json.loads(incidentsim("score", played, played, "--json").out)
    assert one["schema"] == "incidentsim-score/1"
    assert two == [one, one]


def test_score_explains_a_rule_with_what_it_gave(incidentsim: CommandLine, played: Path) -> None:
    """--explain RULE prints the formula, and with a transcript the value, its inputs and records."""
    alone = incidentsim("score", "--explain", "S")
    assert alone.code == 0
    assert "Budget saved" in alone.out
    applied = incidentsim("score", played, "--explain", "s")
    assert "S = " in applied.out
    assert "loss_nothing" in applied.out


def test_a_deep_score_has_standard_errors(incidentsim: CommandLine, played: Path) -> None:
    """--deep runs four other seeds: errors in the JSON, ± in the debrief and beside each credit."""
    plain = json.loads(incidentsim("score", played, "--json").out)
    deep = json.loads(incidentsim("score", played, "--deep", "--json").out)
    assert (plain["siblings"], plain["errors"], plain["credit_form"]["deep"]) == ([], {}, False)
    seeds = [one["seed"] for one in deep["siblings"]]
    assert len(set(seeds)) == 4 and deep["seed"] not in seeds
    assert deep["moves"][0]["credit"] == plain["moves"][0]["credit"]
    assert deep["moves"][0]["credit_error"] > 0
    assert "± " in incidentsim("score", played, "--deep").out
    told = incidentsim("score", played, "--deep", "--explain", "credit").out
    assert "all orders of 1 moves" in told and f"seed {seeds[0]}: index" in told


def test_score_refuses_unknown_rules_and_nothing(incidentsim: CommandLine, played: Path) -> None:
    """An unknown rule or no transcript ends with 2."""
    assert incidentsim("score").code == 2
    assert incidentsim("score", played, "--explain", "luck").code == 2


def test_score_without_a_runnable_world_says_so(
    incidentsim: CommandLine, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record of another engine is scored without the parts that need its world."""
    monkeypatch.setattr("incidentsim.session.resume.ENGINE_COMPAT", 99)
    result = json.loads(incidentsim("score", played, "--json").out)
    assert result["practice_index"] is None
    assert result["parts"]["S"]["value"] is None
    assert result["parts"]["P"]["value"] is not None


def test_score_of_a_torn_or_foreign_file_ends_with_3(incidentsim: CommandLine, place: Path) -> None:
    """What is no transcript is refused with 3."""
    (place / "note.txt").write_text("hello", encoding="utf-8")
    assert incidentsim("score", place / "note.txt").code == 3
