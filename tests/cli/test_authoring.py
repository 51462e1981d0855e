"""docs/authoring.md shows what the program says: its mistakes are made here, and its output is compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.lint import RULES
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.places import packaged_root
from incidentsim.scenario.reference import accepts
from incidentsim.scenario.scaffold import FILES, SKELETON, create
from incidentsim.scenario.schema import scenario_schema, stack_schema
from incidentsim.scenario.script import script_commands
from tests.cli.conftest import CommandLine
from tools.generate_docs import REFERENCE

PAGE = (REFERENCE.parent / "authoring.md").read_text(encoding="utf-8")

Edit = tuple[str, str, str]
"""(file, text, what is put in its place)."""

MISTAKES: dict[str, list[Edit]] = {
    "a field and a unit": [
        ("scenario.yaml", "duration: 30m ", "duration: 30 "),
        ("scenario.yaml", "\nsummary:", "\nsumary:"),
    ],
    "names that lead nowhere": [
        ("scenario.yaml", "fault: {id: small, component: autoscaler, kind: scaled_in,",
         "fault: {id: small, component: autoscaler, kind: scale_in,"),
        ("scenario.yaml", '"metric:vllm:num_requests_waiting"', '"metric:vllm:num_request_waiting"'),
    ],
    "a script that no session would take": [
        ("reference/widen-bounds.jsonl", "scale claims-70b 5", "scale claims70b 5"),
        ("reference/widen-bounds.jsonl", "set autoscaler.min_replicas 4", "limit motor tokens 100k"),
    ],
    "a page that tells the answer": [
        ("scenario.yaml", "summaries start late for all customers", "the autoscaler scaled claims-70b in"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_the_guide_shows_what_the_program_says(incidentsim: CommandLine, place: Path, name: str) -> None:
    """Each mistake of the guide, made in a new scenario, gives exactly the lines that the guide shows."""
    assert incidentsim("scenario", "new", "slow-search").code == 0
    for file, old, new in MISTAKES[name]:
        path = place / "scenarios" / "slow-search" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        assert new.strip() in PAGE
        path.write_text(text.replace(old, new), encoding="utf-8")
    done = incidentsim("scenario", "lint", "slow-search")
    assert done.code in (1, 2)
    assert f"```\n$ incidentsim scenario lint slow-search\n{done.out}```\n" in PAGE


def test_the_guide_shows_what_new_says(incidentsim: CommandLine) -> None:
    """The guide's first step prints what it prints."""
    out = incidentsim("scenario", "new", "slow-search").out
    assert f"```\n$ incidentsim scenario new slow-search\n{out}```\n" in PAGE
    out = incidentsim("scenario", "lint", "slow-search").out
    assert f"```\n$ incidentsim scenario lint slow-search\n{out}```\n" in PAGE


def test_the_guide_names_only_rules_that_exist() -> None:
    """Every rule that the guide explains is one of lint's, and every one of lint's is on its page."""
    named = set(re.findall(r"--explain ([a-z-]+)", PAGE)) - {"list"}
    assert named and named <= RULES.keys()
    assert [rule for rule in RULES if f"## {rule}\n" not in (REFERENCE / "lint.md").read_text(encoding="utf-8")] == []


def test_every_field_is_on_the_page() -> None:
    """Each field of each part of scenario and stack files has a row that says what it takes."""
    text = (REFERENCE / "scenario.md").read_text(encoding="utf-8")
    missing = []
    for schema in (scenario_schema(), stack_schema()):
        parts = {**schema["$defs"], schema["title"].removeprefix("incidentsim ").capitalize(): schema}
        for name, part in parts.items():
            section = text.partition(f"## {name}")[2].partition("\n## ")[0]
            for field, value in part.get("properties", {}).items():
                if f"| `{field}` | {accepts(value)}" not in section:
                    missing.append(f"{name}.{field}")
    assert missing == []


def test_the_skeleton_is_whole(tmp_path: Path) -> None:
    """A new scenario has two references, wrong ones, a held-out one, hints, a runbook and team-mates."""
    files = create("answers-take-long", tmp_path)
    assert sorted(p for p in SKELETON.rglob("*") if p.is_file()) == sorted(SKELETON / name for name in FILES)
    assert not re.search("__[A-Z]+__", "".join(path.read_text(encoding="utf-8") for path in files))
    scenario = load_scenario(tmp_path / "answers-take-long", stacks=packaged_root() / "stacks")
    assert (len(scenario.references), len(scenario.tempting), len(scenario.hints)) == (2, 2, 3)
    assert scenario.held_out is not None and scenario.runbooks and scenario.team and scenario.briefing
    assert scenario.id == "answers-take-long" and scenario.title == "Answers take long"
    assert set(scenario.scripts) == {name for name in FILES if name.endswith(".jsonl")}
    assert all(script_commands(text, make_cast(scenario, 1)) for text in scenario.scripts.values())
