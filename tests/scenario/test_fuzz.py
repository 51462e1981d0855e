"""A scenario file can't crash the loader: mutated files load, or fail with ScenarioError."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.errors import ScenarioError
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.problems import Problems
from incidentsim.scenario.safe_yaml import load_yaml
from incidentsim.scenario.script import parse_script
from tests.scenario.conftest import FIXTURES, Workshop
from tests.scenario.mutate import mutations


def _load_mutated(workshop: Workshop, seeds: range) -> tuple[int, int]:
    """Load a mutated scenario, stack or script for each seed; return (loaded, refused)."""
    names = ["slow-answers/scenario.yaml"] * 3 + ["stacks/mini.yaml", "slow-answers/reference/limit.jsonl"]
    texts = {name: (FIXTURES / name).read_text(encoding="utf-8") for name in names}
    loaded = refused = 0
    for seed in seeds:
        name = names[seed % len(names)]
        path: Path = workshop.root / name
        path.write_bytes(mutations(texts[name], seed))
        try:
            load_scenario(workshop.folder)
            loaded += 1
        except ScenarioError as error:
            assert str(error)
            refused += 1
        path.write_text(texts[name], encoding="utf-8")
    return loaded, refused


def test_mutated_files_only_raise_scenario_errors(workshop: Workshop) -> None:
    """Of 500 mutated files each loads or is refused with ScenarioError, and both happen."""
    loaded, refused = _load_mutated(workshop, range(500))
    assert loaded + refused == 500
    assert refused > 300
    assert loaded > 2


@pytest.mark.long
def test_many_mutated_files_only_raise_scenario_errors(workshop: Workshop) -> None:
    """Of 20,000 mutated files each loads or is refused with ScenarioError."""
    assert sum(_load_mutated(workshop, range(1_000, 21_000))) == 20_000


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_give_a_document_or_a_problem(raw: bytes) -> None:
    """Whatever the bytes, both parsers return a document or report at least one problem."""
    for python in (False, True):
        problems = Problems()
        document = load_yaml(raw, "f", problems, pure_python=python)
        assert document is not None or problems


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet='{}[]":,tcomand0123456789.eE-\n ', max_size=120))
def test_any_text_is_a_script_or_has_problems(text: str) -> None:
    """Whatever the text, a script's reader returns commands in order of time, or lines that are wrong."""
    commands, problems = parse_script(text)
    assert [c.t_us for c in commands] == sorted(c.t_us for c in commands)
    assert all(p.line >= 1 and p.message for p in problems)
