"""The catalogue, the schema, and the scenarios that ship."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidentsim.errors import ScenarioError
from incidentsim.scenario.catalogue import find, folders, list_scenarios
from incidentsim.scenario.lint import lint
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.places import packaged_root
from incidentsim.scenario.problems import Problems
from incidentsim.scenario.safe_yaml import load_yaml
from incidentsim.scenario.schema import scenario_schema, stack_schema
from tests.scenario.conftest import Workshop

SHIPPED = sorted(path.parent.name for path in packaged_root().glob("*/scenario.yaml"))


def test_the_given_folder_comes_first(workshop: Workshop) -> None:
    """Scenarios of the given folder are listed with what the gallery shows, beside the ones that ship."""
    entries = {entry.id: entry for entry in list_scenarios(workshop.root)}
    assert set(entries) >= {"slow-answers", *SHIPPED}
    mine = entries["slow-answers"]
    assert (mine.title, mine.level, mine.duration_us) == ("Answers start late", "mid", 1_200_000_000)


def test_a_folder_of_scenarios_here_is_searched(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """./scenarios is searched without being named."""
    monkeypatch.chdir(workshop.root.parent)
    assert find("slow-answers") == Path("scenarios/slow-answers")


def test_a_broken_scenario_is_listed_with_its_error(workshop: Workshop) -> None:
    """A scenario that can't be loaded stays in the list and says why."""
    workshop.edit(("level: mid", "level: none"))
    entry = next(e for e in list_scenarios(workshop.root) if e.id == "slow-answers")
    assert "scenario.yaml:5:8: level: must be" in entry.error


def test_find_takes_names_and_paths(workshop: Workshop) -> None:
    """A scenario is found by name, by folder and by its file."""
    folder = workshop.root / "slow-answers"
    assert find("slow-answers", workshop.root) == folder
    assert find(str(folder)) == folder
    assert find(str(folder / "scenario.yaml")) == folder


def test_an_unknown_name_gets_a_suggestion(workshop: Workshop) -> None:
    """A misspelt name is answered with the nearest one and the list."""
    with pytest.raises(ScenarioError) as caught:
        find("slow-answer", workshop.root)
    assert "there is no scenario 'slow-answer' (did you mean 'slow-answers'?); known: " in str(caught.value)
    with pytest.raises(ScenarioError, match=r"has no scenario\.yaml"):
        find(str(workshop.root))


def test_the_schema_describes_files_as_written() -> None:
    """In the schema a stack is an id, what the loader fills is absent, and all references resolve."""
    schema = scenario_schema()
    assert schema["properties"]["stack"]["type"] == "string"
    assert not {"briefing", "runbooks", "digest"} & set(schema["properties"])
    assert schema["properties"]["duration"]["type"] == "string"
    assert "PoolPart" not in schema["$defs"]
    assert "Tenant" in schema["$defs"]
    assert "PoolPart" in stack_schema()["$defs"]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_loads_and_is_clean(name: str) -> None:
    """Every scenario that ships loads, is called like its folder, and has no lint finding."""
    scenario = load_scenario(folders(packaged_root())[name])
    assert scenario.id == name
    assert lint(scenario) == ()


@pytest.mark.parametrize("path", sorted(packaged_root().rglob("*.yaml")), ids=lambda path: path.name)
def test_shipped_files_load_without_libyaml(path: Path) -> None:
    """Every file that ships fits the smaller limits of the pure-Python parser and says the same there."""
    problems = Problems()
    slow = load_yaml(path.read_bytes(), path.name, problems, pure_python=True)
    fast = load_yaml(path.read_bytes(), path.name, problems)
    assert problems.lines() == []
    assert slow is not None and fast is not None
    assert slow.data == fast.data
