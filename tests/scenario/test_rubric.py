"""Rubrics and files of marks: what ships is valid, what is wrong is told at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidentsim.errors import ScenarioError, UsageError
from incidentsim.scenario.rubric_files import PRESETS, load_marks, load_rubric, preset_names, rubric_text

WEIGHTS = {
    "default": [30, 25, 15, 15, 15],
    "production": [40, 30, 20, 10],
    "general": [33.333, 16.667, 16.667, 16.667, 16.666],
    "postmortem": [40, 30, 20, 10],
    "canary": [30, 30, 20, 10, 10],
    "client": [30, 25, 20, 15, 10],
    "data-validation": [30, 30, 20, 10, 10],
    "prompt-safety": [30, 25, 25, 20],
}
"""The weightings that people asked for."""


def edited(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """Return a copy of the default rubric with texts replaced."""
    text = rubric_text("default")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "ours.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problem(path: Path) -> str:
    """Return what is wrong with a rubric."""
    with pytest.raises(ScenarioError) as wrong:
        load_rubric(str(path))
    return str(wrong.value)


def test_every_weighting_ships() -> None:
    """There is a preset for each weighting, with its weights, the default first."""
    assert preset_names()[0] == "default"
    assert set(preset_names()) == set(WEIGHTS)
    for name, weights in WEIGHTS.items():
        rubric = load_rubric(name)
        assert (rubric.id, [domain.weight / 1000 for domain in rubric.domains]) == (name, weights)


def test_presets_lie_in_the_package() -> None:
    """The files are below the package's folder, which the wheel takes whole."""
    assert PRESETS.parent.name == "scenario"
    assert (PRESETS.parent / "rubric_files.py").is_file()


def test_a_copy_can_be_edited(tmp_path: Path) -> None:
    """Another weighting loads, with another digest; comments and layout change no digest."""
    moved = edited(tmp_path, ("{saved-with-method: 9, safe-saving: 4", "{saved-with-method: 8, safe-saving: 5"))
    assert load_rubric(str(moved)).digest != load_rubric("default").digest
    commented = edited(tmp_path, ("version: 1", "version: 1  # ours"))
    assert load_rubric(str(commented)).digest == load_rubric("default").digest


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("durable: 3", "durabel: 3", "durabel: 3", "did you mean 'durable'"),
        ("durable: 3", "durable: 4", "weight: 30", "add up to 31, not to the weight 30"),
        ("reliability: 60%", "relaibility: 60%", "relaibility", "did you mean 'reliability'"),
        ("title: Choice of mitigation", "titel: Choice", "titel", "did you mean 'title'"),
        ("points: 6", "points: six", "points: six", "not a number"),
        ("          3: Chose a measure", "          2: Chose a measure", "1: Reached", "the marks 3 mean"),
        ("id: trade-offs", "id: degradation  # again", "# again", "a criterion 'degradation' already"),
        ("{temporary-overrides: 4}", "{durable: 4}", "{durable: 4}", "points in 'reliability' already"),
    ],
)
def test_mistakes_are_told_at_their_line(tmp_path: Path, old: str, new: str, at: str, message: str) -> None:
    """Each mistake names file, line, column and a way out."""
    path = edited(tmp_path, (old, new))
    line = path.read_text(encoding="utf-8").partition(at)[0].count("\n") + 1
    text = problem(path)
    assert f"ours.yaml:{line}:" in text
    assert message in text


def test_weights_must_make_a_hundred(tmp_path: Path) -> None:
    """A whole that is not 100 points is refused."""
    path = edited(tmp_path, ("weight: 30", "weight: 31"), ("durable: 3", "durable: 4"))
    assert "add up to 101, not to 100" in problem(path)


def test_an_unknown_rubric_is_named_with_the_nearest() -> None:
    """A typing error gets a suggestion, and the list of what ships."""
    with pytest.raises(UsageError, match=r"did you mean 'production'.*prompt-safety"):
        load_rubric("prodution")


def marks(tmp_path: Path, text: str) -> Path:
    """Return a file of marks."""
    path = tmp_path / "marks.yaml"
    path.write_text(text, encoding="utf-8")
    return path


HEAD = "rubric: default\nversion: 1\nrater: anna\nmarks:\n"


def test_marks_are_read(tmp_path: Path) -> None:
    """Marks carry rater, records and notes; verdicts on flags stand beside them."""
    text = HEAD + "  clarity: {mark: 4, seqs: [3, 9], note: short}\nflags: {acts-before-looking: rejected}\n"
    found = load_marks(marks(tmp_path, text), load_rubric("default"), last_seq=9)
    assert (found.rater, found.marks["clarity"].mark, found.marks["clarity"].seqs) == ("anna", 4, (3, 9))
    assert found.flags == {"acts-before-looking": "rejected"}


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (HEAD + "  clarity: {mark: 6}\n", "5:19", "must be at most 5"),
        (HEAD + "  clarity: {mark: 2.5}\n", "5:19", "whole number"),
        (HEAD + "  clarty: {mark: 4}\n", "5:3", "did you mean 'clarity'"),
        (HEAD + "  clarity: {mark: 4, seqs: [3, 99]}\n", "5:32", "has no record 99; its last is 40"),
        (HEAD + "  clarity: {mark: 4}\nflags: {acts-before-loking: confirmed}\n", "6:9", "acts-before-looking"),
        (HEAD.replace("version: 1", "version: 2") + "  clarity: {mark: 4}\n", "1:9", "marks of default version 2"),
    ],
)
def test_mistakes_in_marks_are_told_at_their_place(tmp_path: Path, text: str, place: str, message: str) -> None:
    """Marks outside 1 to 5, of criteria, flags, records or rubrics that don't exist, are refused in place."""
    with pytest.raises(ScenarioError) as wrong:
        load_marks(marks(tmp_path, text), load_rubric("default"), last_seq=40)
    assert f"marks.yaml:{place}:" in str(wrong.value)
    assert message in str(wrong.value)
