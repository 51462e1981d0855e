"""Whole plays scored on the toy world: order, placebo, missing worlds, bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from incidentsim.errors import ScenarioError
from incidentsim.scenario.cast import plain_cast
from incidentsim.scoring.baseline import baseline, references_of
from incidentsim.scoring.play import names_of
from incidentsim.scoring.protocol import RUN_ON_US
from incidentsim.scoring.score import score
from incidentsim.scoring.scorecard import Scorecard
from tests.scoring.plays import EXPERT, LUCKY, NOVICE, SLO, Line, played, shown_vocabulary
from tests.scoring.toy import ToyWorld, toy_scenario

SCENARIO = toy_scenario()
VOCABULARY = shown_vocabulary(SCENARIO, plain_cast(SCENARIO))


def scored(*lines: Line) -> Scorecard:
    """Return the score of a play on the toy world."""
    return score(played(lines, SCENARIO), SCENARIO, ToyWorld(), vocabulary=VOCABULARY)


def index(*lines: Line) -> float:
    """Return the practice index of a play on the toy world."""
    value = scored(*lines).practice_index
    assert value is not None
    return value


def test_expert_novice_lucky_nothing_are_in_order() -> None:
    """An expert is far above a novice, a novice far above a lucky guess, and doing nothing is exactly 0."""
    expert, novice, lucky = index(*EXPERT), index(*NOVICE), index(*LUCKY)
    assert expert >= 90
    assert expert >= novice + 10
    assert novice >= lucky + 20
    assert index() == 0.0


def test_doing_nothing_saves_nothing_and_reaches_nothing() -> None:
    """An idle play has S, De, P, C, H of 0, no moves, and every milestone unreached."""
    card = scored()
    assert [card.parts[name].value for name in ("S", "De", "P", "T", "C", "H")] == [0.0] * 6
    assert card.moves == ()
    assert all(milestone.t_us is None for milestone in card.times.values())
    assert card.durable is False


def test_the_reference_played_by_hand_saves_its_budget() -> None:
    """The commands of the reference have S = 1, T = 1 and last beyond the end."""
    card = scored(
        (90, "ask account-manager can they trim their history"), (120, "limit strategic tokens 180k"),
        (180, "set gateway.admission tokens"), (420, "limit strategic tokens unlimited"),
    )  # fmt: skip
    assert card.parts["S"].value == 1.0
    assert card.parts["T"].value == 1.0
    assert card.durable is True


def test_a_placebo_earns_exactly_nothing_and_changes_nothing() -> None:
    """A command without effect has credit 0 and leaves every part and the index as they are."""
    plain = scored(*EXPERT)
    card = scored(*EXPERT, (300, "set router.policy round_robin"), (310, "priority others batch"))
    placebos = [m for m in card.moves if m.target in ("router.policy", "tenant.others")]
    assert [m.credit for m in placebos] == [0.0, 0.0]
    assert not any(m.counted for m in placebos)
    assert card.practice_index == plain.practice_index
    assert {n: p.value for n, p in card.parts.items()} == {n: p.value for n, p in plain.parts.items()}


def test_credits_add_up_and_say_what_each_move_did() -> None:
    """A fix has positive credit, a restart of the pool negative, and together they are what the play saved."""
    card = scored((60, "set gateway.admission tokens"), (300, "restart chat-pool"))
    fix, restart = card.moves
    assert fix.credit is not None and fix.credit > 0
    assert restart.credit is not None and restart.credit < 0
    s = card.parts["S"].inputs
    assert isinstance(s["loss_nothing"], float) and isinstance(s["loss_play"], float)
    assert fix.credit + restart.credit == s["loss_nothing"] - s["loss_play"]
    assert dict(fix.bad_saved)["ttft"] + dict(restart.bad_saved)["ttft"] == dict(card.bad_saved)["ttft"]
    assert card.parts["H"].inputs["unsafe"] == 1
    harm = card.parts["H"].inputs["harm"]
    assert isinstance(harm, float) and harm > 0


def test_a_dry_run_or_evidence_makes_a_destructive_verb_safe() -> None:
    """A restart counts as unsafe only when it was neither previewed nor backed by evidence on its cause."""
    restart = (300, "restart chat-pool")
    assert scored(restart).parts["H"].inputs["unsafe"] == 1
    assert scored((200, "restart chat-pool --dry-run"), restart).parts["H"].inputs["unsafe"] == 0
    assert scored((200, "restart chat-pool-1 --dry-run"), restart).parts["H"].inputs["unsafe"] == 1
    assert scored((200, "inspect gateway"), restart).parts["H"].inputs["unsafe"] == 0


def test_moves_that_stand_in_for_each_other_share_and_the_first_counts_for_time() -> None:
    """Two fixes, each nearly enough alone, share what they saved; T counts the first of them."""
    card = scored((60, "set gateway.admission tokens"), (125, "limit strategic tokens 180k"))
    credits = [move.credit or 0.0 for move in card.moves]
    assert min(credits) > 0.4 * sum(credits)
    assert card.parts["T"].seqs == (card.moves[0].seqs[0],)


def test_a_command_given_again_earns_nothing_and_takes_nothing() -> None:
    """The same setting once more changed nothing when it was made: all credit stays with the first."""
    once = scored((60, "set gateway.admission tokens"))
    twice = scored((60, "set gateway.admission tokens"), (125, "set gateway.admission tokens"))
    assert [move.credit for move in twice.moves] == [once.moves[0].credit, 0.0]
    assert twice.practice_index == once.practice_index
    at_once = scored((60, "set gateway.admission tokens"), (80, "set gateway.admission tokens"))
    assert [move.credit for move in at_once.moves] == [once.moves[0].credit], "within 60 s it is one move"


def test_without_a_world_words_and_looks_are_still_scored() -> None:
    """No Resimulate: De, P, C are there; S, T, g, credit, harm and the index are not, and a note says so."""
    full = scored(*EXPERT)
    card = score(played(EXPERT, SCENARIO), SCENARIO, None, vocabulary=VOCABULARY)
    assert card.practice_index is None
    assert [card.parts[name].value for name in ("S", "T", "g")] == [None, None, None]
    assert all(move.credit is None for move in card.moves)
    assert card.parts["De"].value == full.parts["De"].value
    assert card.parts["C"].value == full.parts["C"].value
    assert card.parts["H"].inputs["harm"] is None
    assert any("could not be run again" in note for note in card.notes)


def test_what_depends_only_on_the_seed_is_run_once() -> None:
    """Doing nothing and the references are in one score once, and not at all when a scale is handed in."""
    world = ToyWorld()
    transcript = played(EXPERT, SCENARIO)
    first = score(transcript, SCENARIO, world, vocabulary=VOCABULARY)
    full = [p for p in world.plans if p.end_us == SCENARIO.duration]
    assert len([p for p in full if not p.commands]) == 1
    assert len(full) == len({str(p) for p in full})
    assert [p.run_on_us for p in world.plans if p.run_on_us] == [RUN_ON_US]
    cast = plain_cast(SCENARIO)
    scale = baseline(SCENARIO, ToyWorld(), references_of(SCENARIO, cast, VOCABULARY), names_of(cast, SCENARIO))
    again = ToyWorld()
    second = score(transcript, SCENARIO, again, vocabulary=VOCABULARY, scale=scale)
    assert second.to_text() == first.to_text()
    assert len([p for p in again.plans if p.end_us == SCENARIO.duration]) == 1 + 2 ** len(first.moves) - 2


def test_the_best_reference_sets_the_scale() -> None:
    """Of several references the one with the least loss counts; a useless one changes nothing."""
    scripts = {**SCENARIO.scripts, "late.jsonl": '{"t": 900, "command": "set gateway.admission tokens"}\n'}
    late = SCENARIO.references[0].model_copy(update={"name": "late", "file": "late.jsonl"})
    scenario = SCENARIO.model_copy(update={"references": (late, *SCENARIO.references), "scripts": scripts})
    card = score(played(EXPERT, scenario), scenario, ToyWorld(), vocabulary=VOCABULARY)
    assert card.parts["S"].inputs["reference"] == "isolate"
    assert card.practice_index == scored(*EXPERT).practice_index


def test_a_reference_that_cant_be_read_is_named() -> None:
    """A wrong command in a reference script is an error of the scenario, with file and place."""
    scenario = SCENARIO.model_copy(update={"scripts": {"isolate.jsonl": '{"t": 1, "command": "limt x"}'}})
    with pytest.raises(ScenarioError, match=r"isolate\.jsonl, command 1"):
        score(played((), scenario), scenario, ToyWorld(), vocabulary=VOCABULARY)


def test_a_scenario_without_a_useful_reference_says_so() -> None:
    """Without a reference S is 0 and a note says that it means nothing."""
    scenario = SCENARIO.model_copy(update={"references": ()})
    card = score(played(EXPERT, scenario), scenario, ToyWorld(), vocabulary=VOCABULARY)
    assert card.parts["S"].value == 0.0
    assert any("No reference" in note for note in card.notes)


def test_a_recording_that_differs_from_its_replay_is_flagged() -> None:
    """When the re-simulation gives other counts than the checkpoints, the scorecard warns."""
    honest = played(EXPERT, SCENARIO)
    other = played((*EXPERT, (900, "restart chat-pool")), SCENARIO)
    mixed = [r for r in honest.records if r.type != "checkpoint"]
    mixed += [r for r in other.records if r.type == "checkpoint"]
    forged = type(honest)(header=honest.header, records=tuple(sorted(mixed, key=lambda r: (r.t_us, r.seq))))
    card = score(forged, SCENARIO, ToyWorld(), vocabulary=VOCABULARY)
    assert any("differs from the recording" in note for note in card.notes)
    assert not any("differs from the recording" in note for note in scored(*EXPERT).notes)


def test_json_has_the_schema_and_links_every_move() -> None:
    """The JSON form names its schema, its moves their transcript numbers, its parts their rules."""
    card = scored(*EXPERT)
    value = json.loads(card.to_text())
    assert value["schema"] == "incidentsim-score/1"
    assert value["practice_index"] == round(card.practice_index or 0.0, 6)
    assert all(move["seqs"] for move in value["moves"])
    assert value["moves"][0]["bad_saved"].keys() == {"ttft"}
    assert {part["rule"] for part in value["parts"].values()} == {"S", "g", "De", "P", "T", "C", "H"}
    assert value["evidence"]["missed"] == [{"item": "logs:gateway", "causes": ["growth"], "needed": False}]
    assert value == card.to_json()


def test_what_was_never_looked_at_is_listed() -> None:
    """Kinds of signals without a single look are named, and disappear once looked at."""
    assert "traces" in scored((10, SLO)).never_looked_at
    assert "traces" not in scored((10, SLO), (20, "trace slowest")).never_looked_at


def test_score_is_byte_identical_over_hash_seeds() -> None:
    """Three interpreters with different hash seeds write the same bytes."""
    code = (
        "from tests.scoring.test_score import scored\nfrom tests.scoring.plays import EXPERT, NOVICE\n"
        "print(scored(*EXPERT).to_text())\nprint(scored(*NOVICE).to_text())"
    )
    root = Path(__file__).parents[2]
    texts = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=root, check=True, capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "4242")
    ]  # fmt: skip
    assert texts[0] == texts[1] == texts[2]
    assert texts[0].startswith(b"{")
