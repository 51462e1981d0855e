"""`scenario certify` from the command line, on an incident of half a minute; certificates that are current or not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from incidentsim.certify.certificate import FILE, SCHEMA, read, staleness, write
from incidentsim.certify.player_checks import SHORT
from incidentsim.certify.table import certificates_table
from incidentsim.cli.main import main
from incidentsim.exact import canonical_json
from incidentsim.scenario.load import load_scenario
from incidentsim.session.engine import ENGINE_COMPAT
from tests.sweep.tiny import make_tiny


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for scenarios and data."""
    return tmp_path_factory.mktemp("certify")


@pytest.fixture(scope="module", autouse=True)
def own_data(home: Path) -> Iterator[None]:
    """Keep settings and data of this machine out of it; re-simulation stays in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INCIDENTSIM_CONFIG", str(home / "config.toml"))
        patch.setenv("INCIDENTSIM_DATA_DIR", str(home / "data"))
        patch.delenv("INCIDENTSIM_SCENARIOS_DIR", raising=False)
        patch.setattr("incidentsim.session.resimulation.PROCESS_FROM", 1_000_000)
        yield


@pytest.fixture(scope="module")
def folder(home: Path, own_data: None) -> Path:
    """Return the tiny incident's folder, where nobody is hurt, with its certificate: tests may run in any order."""
    made = make_tiny(home / "scenarios")
    assert certify(made) == 1
    return made


def certify(folder: Path, *more: str) -> int:
    """Certify on one seed with the short players, in this process."""
    return main(["scenario", "certify", str(folder), "--seeds", "1", "--players", "short", "--workers", "1", *more])


def test_a_failing_certificate_is_written_and_says_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is hurt in half a minute: the certificate fails, with ten checks, and is current all the same."""
    assert certify(folder, "--json") == 1
    value = json.loads(capsys.readouterr().out)
    assert (value["schema"], value["scenario"], value["ok"]) == (SCHEMA, "tiny", False)
    assert [check["number"] for check in value["checks"]] == list(range(1, 11))
    assert value["checks"][1]["problems"] == ["seed 1: no objective is missed over the last ten minutes"]
    assert value["checks"][8]["ok"]
    assert value["players"] == list(SHORT)
    assert (folder / FILE).read_text(encoding="utf-8") == canonical_json(value) + "\n"
    assert staleness(folder / FILE, load_scenario(folder)) == ""


def test_a_second_one_runs_nothing_and_has_the_same_bytes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything is kept: the second certificate of an unchanged scenario is the first one, byte for byte."""
    before = (folder / FILE).read_bytes()
    assert certify(folder) == 1
    captured = capsys.readouterr()
    assert "tiny observe 1 is kept already" in captured.err
    assert "10/10 plays" in captured.err
    assert "FAILED  Left alone, users are hurt on every seed" in captured.out
    assert "passed  Two runs agree to the byte, and a run is cheap" in captured.out
    assert (folder / FILE).read_bytes() == before


def test_a_small_one_leaves_a_larger_one_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A look on one seed does not undo what was proven over two, unless the program is another one by now."""
    one = read(folder / FILE)
    assert one is not None
    write(replace(one, seeds=(1, 2)), folder / FILE)
    assert certify(folder) == 1
    assert "is one over more seeds" in capsys.readouterr().err
    write(replace(one, seeds=(1, 2), source="another"), folder / FILE)
    assert certify(folder) == 1
    assert read(folder / FILE) == one


def test_files_can_be_left_as_they_are(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --no-write the certificate is printed, and the folder's stays as it was."""
    (folder / FILE).rename(folder / "elsewhere")
    try:
        assert certify(folder, "--no-write") == 1
        assert "failed:" in capsys.readouterr().out
        assert not (folder / FILE).exists()
    finally:
        (folder / "elsewhere").rename(folder / FILE)


def test_check_runs_nothing_and_tells_what_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A current certificate is fine, even one that fails; which checks fail is told."""
    assert main(["scenario", "certify", str(folder), "--check"]) == 0
    assert capsys.readouterr().out.startswith("tiny: the certificate is current; failing: unattended")


def test_the_table_has_a_line_for_it(folder: Path) -> None:
    """The generated page shows whether a certificate is current, and its figures."""
    table = certificates_table({"tiny": folder})
    assert "| tiny | yes | 1, short |" in table


def test_another_scenario_needs_another_certificate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A changed scenario, an edited certificate and none at all are told, with the way to renew it."""
    path = folder / "scenario.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("rate: 4", "rate: 5"), encoding="utf-8")
    assert main(["scenario", "certify", str(folder), "--check"]) == 1
    said = capsys.readouterr().out
    assert "tiny: its certificate is of another version" in said
    assert f"renew it: incidentsim scenario certify {folder}\n" in said
    path.write_text(text, encoding="utf-8")

    kept = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(kept.replace('"ok":false', '"ok":true'), encoding="utf-8")
    assert read(folder / FILE) is None
    assert "damaged, or was edited" in staleness(folder / FILE, load_scenario(folder))
    (folder / FILE).unlink()
    assert staleness(folder / FILE, load_scenario(folder)) == "it has no certificate"


def test_another_engine_needs_another_certificate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When digests change, certificates of before no longer hold."""
    assert certify(folder) == 1
    monkeypatch.setattr("incidentsim.certify.certificate.ENGINE_COMPAT", 99)
    stale = staleness(folder / FILE, load_scenario(folder))
    assert stale == f"its certificate is of engine compat {ENGINE_COMPAT}, not 99"


def test_siblings_are_certified_as_they_are_written(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`vary --certify` leaves a current certificate beside each sibling, says what fails, and ends with 1 then."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    parent = make_tiny(home / "parents")
    with (parent / "scenario.yaml").open("a", encoding="utf-8") as file:
        file.write("variants: {change_ids: true}\n")
    monkeypatch.setattr("incidentsim.scenario.siblings.lint", lambda _: [])  # half a minute is too short for it
    assert main(["scenario", "vary", str(parent), "--out", str(home / "siblings"), "--certify", "1", "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)
    sibling = Path(told["path"])
    assert "unattended" in told["failing"]
    assert staleness(sibling / FILE, load_scenario(sibling)) == ""


def test_nothing_to_certify_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Names, paths or --all are asked for."""
    assert main(["scenario", "certify"]) == 2
    assert "name scenarios or paths, or say --all" in capsys.readouterr().err
