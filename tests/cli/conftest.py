"""The command line in a folder of its own, on a small world that takes milliseconds."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from incidentsim.cli.main import main
from tests.session.fake_world import FakeWorld

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "scenario" / "fixtures"
SCENARIO = "slow-answers"


@dataclass(frozen=True)
class Outcome:
    """What one command line came to."""

    code: int
    out: str
    err: str


CommandLine = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a fresh folder with one scenario, no settings file and an empty data directory."""
    shutil.copytree(FIXTURES, tmp_path / "scenarios")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INCIDENTSIM_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("INCIDENTSIM_DATA_DIR", str(tmp_path / "data"))
    for name in ("THEME", "HZ", "SPEED", "SCENARIOS_DIR", "DEBUG"):
        monkeypatch.delenv(f"INCIDENTSIM_{name}", raising=False)
    monkeypatch.setenv("COLUMNS", "110")
    return tmp_path


@pytest.fixture(autouse=True)
def small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the small world in the place of the real one; re-simulation stays in this process, which has it."""
    monkeypatch.setattr("incidentsim.session.resimulation.PROCESS_FROM", 1_000_000)
    monkeypatch.setitem(sys.modules, "incidentsim.world", SimpleNamespace(World=FakeWorld))


@pytest.fixture
def incidentsim(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Return a function that runs one command line in this process."""

    def run(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code=code, out=captured.out, err=captured.err)

    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return run


@pytest.fixture
def played(incidentsim: CommandLine, place: Path) -> Path:
    """Return the transcript of one scripted play."""
    script = place / "mine.jsonl"
    script.write_text(
        '# a short play\n{"t": 5, "command": "ack"}\n{"t": 20, "command": "scale chat-pool 12"}\n'
        '{"t": 30, "command": "nonsense"}\n{"t": 40, "command": "hypothesis \\"too few pods\\" --p 0.7"}\n'
        '{"t": 50, "command": "status \\"adding replicas\\""}\n',
        encoding="utf-8",
    )
    out = place / "played.jsonl"
    done = incidentsim("run", SCENARIO, "--script", script, "--out", out)
    assert done.code == 0, done.err
    return out
