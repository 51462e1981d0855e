"""score with rubrics and marks, and --explain for every rule, on the record of one play."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from incidentsim.scenario.rubric_files import load_rubric, preset_names
from incidentsim.scoring.explain import RULES
from tests.cli.conftest import CommandLine

HEAD = "rubric: default\nversion: 1\nrater: anna\nmarks:\n"


@pytest.fixture
def marks(place: Path) -> Path:
    """Return a complete file of marks, every mark a 4."""
    lines = [f"  {criterion.id}: {{mark: 4, seqs: [1]}}" for criterion in load_rubric("default").criteria()]
    path = place / "marks.yaml"
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_score_with_a_rubric_shows_the_interview_scorecard(incidentsim: CommandLine, played: Path) -> None:
    """Domains, automatic parts and missing marks in place of the debrief; no suggestion without marks."""
    done = incidentsim("score", played, "--rubric", "default")
    assert done.code == 0, done.err
    for text in ("Reliability engineering", "saved-with-method", "mark missing", "No suggestion", "Hypotheses over"):
        assert text in done.out
    assert "Practice index" not in done.out


def test_score_without_a_rubric_stays_as_it_was(incidentsim: CommandLine, played: Path) -> None:
    """The practice index is the default; the JSON has the measures all the same."""
    assert "Reliability engineering" not in incidentsim("score", played).out
    found = json.loads(incidentsim("score", played, "--json").out)
    assert found["interview"]["rubric"] is None
    assert "verification" in found["interview"]["measures"]


def test_marks_give_a_total_and_a_suggestion(incidentsim: CommandLine, played: Path, marks: Path) -> None:
    """With every mark there are a total, a suggestion and its reasons."""
    done = incidentsim("score", played, "--rubric", "default", "--marks", marks, "--json")
    interview = json.loads(done.out)["interview"]
    assert interview["rater"] == "anna"
    assert interview["human"]["points"] == 42.0
    assert interview["total"] == pytest.approx(42.0 + interview["automatic"]["points"], abs=1e-5)
    assert interview["suggestion"] in ("pass", "no pass")
    assert "marked by anna" in incidentsim("score", played, "--rubric", "default", "--marks", marks).out


def test_a_rubric_is_printed_copied_and_edited(incidentsim: CommandLine, played: Path, place: Path) -> None:
    """--rubric NAME alone prints YAML; an edited copy is used by its file name."""
    text = incidentsim("score", "--rubric", "default").out
    ours = place / "ours.yaml"
    ours.write_text(text.replace("id: default", "id: ours", 1).replace("durable: 3", "durable: 3.0", 1))
    done = incidentsim("score", played, "--rubric", ours)
    assert done.code == 0, done.err
    assert "rubric ours version 1" in done.out


def test_wrong_rubrics_and_marks_end_with_2_at_their_line(incidentsim: CommandLine, played: Path, place: Path) -> None:
    """Unknown names, and marks that don't fit, end with 2 and say where."""
    assert incidentsim("score", played, "--rubric", "defualt").code == 2
    wrong = place / "wrong.yaml"
    wrong.write_text(HEAD + "  clarty: {mark: 4}\n", encoding="utf-8")
    done = incidentsim("score", played, "--rubric", "default", "--marks", wrong)
    assert done.code == 2
    assert "wrong.yaml:5:3" in done.err
    assert "clarity" in done.err


def test_marks_are_of_one_play(incidentsim: CommandLine, played: Path, marks: Path) -> None:
    """Marks without a rubric, or for two transcripts, are refused."""
    assert incidentsim("score", played, "--marks", marks).code == 2
    assert incidentsim("score", played, played, "--rubric", "default", "--marks", marks).code == 2


@pytest.mark.parametrize("rule", list(RULES))
def test_every_rule_can_be_explained(incidentsim: CommandLine, rule: str) -> None:
    """Each rule prints its formula."""
    done = incidentsim("score", "--explain", rule)
    assert done.code == 0
    assert RULES[rule].title in " ".join(done.out.split())


def test_rules_say_what_they_gave_with_transcript_lines(incidentsim: CommandLine, played: Path, marks: Path) -> None:
    """With a transcript: value, inputs, and the lines behind them; with a rubric its points."""
    verification = incidentsim("score", played, "--explain", "verification", "--rubric", "postmortem").out
    assert "no points in rubric postmortem" in " ".join(verification.split())
    assert "verification = " in verification
    parts = incidentsim("score", played, "--explain", "S").out
    assert "scale chat-pool 12" in parts
    for rule in ("interview", "suggestion", "human", "hypotheses", "flags", "acts-before-looking"):
        assert incidentsim("score", played, "--explain", rule, "--rubric", "default", "--marks", marks).code == 0


def test_rules_are_listed(incidentsim: CommandLine, played: Path) -> None:
    """--explain list names every rule; so does the error about an unknown one."""
    listed = incidentsim("score", "--explain", "list").out
    unknown = incidentsim("score", "--explain", "luck")
    assert unknown.code == 2
    assert all(rule in listed and rule in unknown.err for rule in RULES)


def test_presets_are_named_when_one_is_not_found(incidentsim: CommandLine) -> None:
    """The error about an unknown rubric lists those that ship."""
    found = incidentsim("score", "--rubric", "nothing-like-it").err
    assert all(name in found for name in preset_names())
