"""A small valid scenario, and a way to break a copy of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from incidentsim.errors import ScenarioError
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario

FIXTURES = Path(__file__).parent / "fixtures"


@dataclass(frozen=True)
class Workshop:
    """A copy of the fixtures in the working directory."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "slow-answers"

    def edit(self, *changes: tuple[str, str], file: str = "slow-answers/scenario.yaml") -> Workshop:
        """Replace the first occurrence of each text."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, f"{old!r} is not in {file}"
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")
        return self

    def load(self) -> Scenario:
        return load_scenario(self.folder)

    def problems(self) -> list[str]:
        """Load, which must fail, and return the lines of the error."""
        with pytest.raises(ScenarioError) as caught:
            self.load()
        return str(caught.value).splitlines()


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Return a fresh copy of the fixtures, which is also the working directory."""
    root = tmp_path / "scenarios"
    shutil.copytree(FIXTURES, root)
    monkeypatch.chdir(root)
    return Workshop(root)


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """Return the fixture scenario."""
    return load_scenario(FIXTURES / "slow-answers")
