"""Loading scenarios: what is read and completed, digests, files that are refused."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from incidentsim.errors import ScenarioError
from incidentsim.scenario.load import load_scenario
from tests.scenario.conftest import Workshop

SCENARIO = "slow-answers/scenario.yaml"


def test_parameters_are_parsed_and_completed(workshop: Workshop) -> None:
    """Fault parameters arrive as exact integers and tables, defaults included."""
    fault = workshop.load().timeline[1].fault
    assert fault is not None
    assert fault.params == {
        "conversations_per_minute": 12_000_000, "burst": 0, "turns": 20, "think_time": 8_000_000, "ramp": 180_000_000,
        "first_prompt": ((0, 500), (1_000_000, 2_000)), "growth": ((0, 200), (1_000_000, 900)),
        "output": ((0, 50), (1_000_000, 400)), "max_prompt": 60_000, "lasts": 0, "every": 0,
    }  # fmt: skip


def test_the_folder_is_read_with_its_files(workshop: Workshop) -> None:
    """Briefing, runbooks and scripts are part of the scenario, scripts by their file's name."""
    scenario = workshop.load()
    assert scenario.briefing.startswith("You are on call")
    assert list(scenario.runbooks) == ["slow-first-token"]
    names = ["reference/limit.jsonl", "reference/scale.jsonl", "reference/tokens.jsonl", "other/shed.jsonl"]
    assert list(scenario.scripts) == names
    assert load_scenario(workshop.folder / "scenario.yaml") == scenario


def test_the_digest_ignores_layout_and_the_byte_digest_does_not(workshop: Workshop) -> None:
    """Another order of keys and a comment keep the digest; one changed number changes both."""
    before = workshop.load()
    workshop.edit(("level: mid\nduration: 20m\n", "# a comment\nduration: 1200s\nlevel: mid\n"))
    moved = workshop.load()
    assert moved.digest == before.digest
    assert moved.byte_digest != before.byte_digest
    changed = workshop.edit(("turns: 20", "turns: 21")).load()
    assert changed.digest != before.digest


def test_a_script_and_the_stack_are_part_of_the_digests(workshop: Workshop) -> None:
    """Changing a script's command, or the stack, changes both digests."""
    digests = {(s.digest, s.byte_digest) for s in [workshop.load()]}
    workshop.edit(("80%", "70%"), file="slow-answers/other/shed.jsonl")
    digests |= {(s.digest, s.byte_digest) for s in [workshop.load()]}
    workshop.edit(("gpu_quota: 4", "gpu_quota: 5"), file="stacks/mini.yaml")
    digests |= {(s.digest, s.byte_digest) for s in [workshop.load()]}
    assert len({d for d, _ in digests}) == len({b for _, b in digests}) == 3


def test_links_out_of_the_folder_are_refused(workshop: Workshop, tmp_path: Path) -> None:
    """A runbook that is a link to a file elsewhere is not read."""
    secret = tmp_path / "secret.md"
    secret.write_text("secret", encoding="utf-8")
    (workshop.folder / "runbooks" / "more.md").symlink_to(secret)
    assert workshop.problems() == [
        "slow-answers/runbooks/more.md:1:1: a link that leads out of the folder; copy the file in"
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this platform")
def test_a_pipe_does_not_hang_the_loader(workshop: Workshop) -> None:
    """A named pipe in place of the briefing is refused without being opened."""
    (workshop.folder / "briefing.md").unlink()
    os.mkfifo(workshop.folder / "briefing.md")
    assert workshop.problems() == ["slow-answers/briefing.md:1:1: not a regular file"]


def test_sizes_are_bounded(workshop: Workshop) -> None:
    """A runbook of more than 64 KiB is refused."""
    (workshop.folder / "runbooks" / "slow-first-token.md").write_bytes(b"x" * 65_537)
    (line, *_) = workshop.problems()
    assert line.endswith("slow-first-token.md:1:1: the file is larger than 64 KiB; split it or shorten it")


def test_text_is_cleaned_where_it_enters(workshop: Workshop) -> None:
    """Direction marks and zero-width characters of a file don't get into the scenario."""
    workshop.edit(("summary: Users", "summary: Us\u202eers\u200b"))
    assert workshop.load().summary == "Users wait many seconds for the first word."


def test_a_missing_scenario_is_an_error_with_its_path(workshop: Workshop) -> None:
    """A folder without scenario.yaml says so."""
    shutil.rmtree(workshop.folder)
    assert workshop.problems() == ["slow-answers/scenario.yaml:1:1: no such file"]


def test_the_stacks_folder_can_be_given(workshop: Workshop, tmp_path: Path) -> None:
    """Stacks are taken from the folder that the caller names, and from nowhere else then."""
    shutil.move(workshop.root / "stacks", tmp_path / "elsewhere")
    assert load_scenario(workshop.folder, stacks=tmp_path / "elsewhere").stack.id == "mini"
    with pytest.raises(ScenarioError, match="there is no stack 'mini'"):
        load_scenario(workshop.folder, stacks=tmp_path)


def test_words_for_postmortems_name_what_exists_and_change_no_digest(workshop: Workshop) -> None:
    """A scenario's own words are kept without changing its digest; a key that names nothing is told with a hint."""
    before = workshop.load()
    taught = workshop.edit(
        ("level: mid\n", "level: mid\nwords: {gateway: [front desk], impact: [no letters]}\n")
    ).load()
    assert taught.words == {"gateway": ("front desk",), "impact": ("no letters",)}
    assert taught.digest == before.digest
    (wrong,) = workshop.edit(("words: {gateway:", "words: {gatway:")).problems()
    assert wrong.endswith("words.gatway: there is no 'gatway' (did you mean 'gateway'?)")
