"""`scenario certify --siblings`: one of every other cause, its certificate in the parent's folder; current or not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from incidentsim.certify.certificate import read
from incidentsim.certify.siblings import first_numbers, first_siblings
from incidentsim.certify.table import siblings_table
from incidentsim.cli.main import main
from incidentsim.scenario.siblings import Parent
from tests.sweep.tiny import make_tiny

VARIANTS = """
variants:
  ranges:
    - {where: tenants.corner-shop.workload.rate, low: 3, high: 5, step: 0.5}
  choices:
    - id: cause
      differs: true
      options:
        - id: as-written
        - id: bigger
          set: {timeline.growth.fault.params.turns: 30}
        - id: smaller
          set: {timeline.growth.fault.params.turns: 10}
    - id: speaker
      options:
        - id: as-written
        - id: another
          set: {timeline.message.who: customer-support}
"""


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings and data of this machine out of it; re-simulation stays in this process."""
    monkeypatch.setenv("INCIDENTSIM_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("INCIDENTSIM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("INCIDENTSIM_SCENARIOS_DIR", raising=False)
    monkeypatch.setattr("incidentsim.session.resimulation.PROCESS_FROM", 1_000_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the tiny incident's folder, with two other causes."""
    made = make_tiny(tmp_path / "scenarios")
    with (made / "scenario.yaml").open("a", encoding="utf-8") as file:
        file.write(VARIANTS)
    return made


def certify(folder: Path, *more: str) -> int:
    """Certify its siblings on one seed with the short players, in this process."""
    few = ("--seeds", "1", "--players", "short", "--workers", "1")
    return main(["scenario", "certify", str(folder), "--siblings", *few, *more])


def test_every_other_cause_is_there_once(folder: Path) -> None:
    """Both options that siblings may take are, each by its lowest number; the choice that needn't differ adds none."""
    parent = Parent(folder)
    numbers = first_numbers(parent)
    taken = [parent.taken(number)["cause"] for number in numbers]
    assert sorted(taken) == ["bigger", "smaller"]
    for number, cause in zip(numbers, taken, strict=True):
        assert all(parent.taken(before)["cause"] != cause for before in range(1, number))
        origin = parent.sibling(number).scenario.sibling_of
        assert origin is not None
        assert origin.taken == parent.taken(number)


def test_without_a_choice_that_must_differ_it_is_the_first(folder: Path) -> None:
    """Siblings that differ in names and sizes alone are told apart by no cause: one stands for all."""
    path = folder / "scenario.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("      differs: true\n", ""), encoding="utf-8")
    assert first_numbers(Parent(folder)) == (1,)


def test_certificates_lie_with_the_parent_until_it_changes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Made once they are current; a change of the parent that reaches one sibling makes that one's stale alone."""
    assert main(["scenario", "certify", str(folder), "--siblings", "--check"]) == 1
    said = capsys.readouterr().out
    assert said.count("it has no certificate; renew it: ") == 2
    assert f"scenario certify {folder} --siblings\n" in said
    assert certify(folder) == 1  # nobody is hurt in half a minute
    subjects = first_siblings(folder)
    for path, sibling in subjects:
        assert path == folder / "siblings" / f"{sibling.id}.json"
        one = read(path)
        assert one is not None
        assert (one.scenario, one.scenario_digest) == (sibling.id, sibling.digest)
    assert main(["scenario", "certify", str(folder), "--siblings", "--check"]) == 0
    assert siblings_table([folder]).count("| yes | 1, short |") == 2

    path = folder / "scenario.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("turns: 30", "turns: 31"), encoding="utf-8")
    capsys.readouterr()
    assert main(["scenario", "certify", str(folder), "--siblings", "--check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    bigger = [Parent(folder).taken(int(one["scenario"].rpartition("-v")[2]))["cause"] == "bigger" for one in told]
    assert [not one["current"] for one in told] == bigger


def test_scenarios_without_siblings_are_left_out_of_all(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--all --siblings` skips them; asked by name they are an error that says what is missing."""
    without = make_tiny(tmp_path / "without")
    assert main(["scenario", "certify", str(without), "--siblings", "--check"]) == 2
    assert "has no variants section" in capsys.readouterr().err
    shutil.copytree(without, folder.parent / "plain")  # found by its folder's name, beside those that ship
    assert main(["scenario", "certify", "--all", "--siblings", "--check", "--scenarios", str(folder.parent)]) == 1
    named = {line.split(":")[0].rpartition("-v")[0] for line in capsys.readouterr().out.splitlines()}
    assert "tiny" in named
    assert not named & {"plain", "money-runs-out"}
