"""A sweep on a tiny incident of the real world: equal results however it is run, and nothing lost when it is not
let finish."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from incidentsim.cli.main import main
from incidentsim.client_api import Session
from incidentsim.errors import IncidentSimError, UsageError
from incidentsim.policies import PANEL, Briefed
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.sweep.cell import Finished, Task
from incidentsim.sweep.identity import this_engine
from incidentsim.sweep.local import InProcess, Processes
from incidentsim.sweep.play import run_cell
from incidentsim.sweep.run import Grid, Outcome, sweep
from incidentsim.sweep.store import Store
from tests.sweep.tiny import make_tiny, tiny

ROOT = Path(__file__).parents[2]
PLAYERS = ("do_nothing", "reference")

FAR = 600
"""Seeds of a sweep that will not come to its end before it is stopped."""


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Return the tiny incident."""
    return tiny(tmp_path_factory.mktemp("scenarios"))


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings and data of this machine out of it."""
    monkeypatch.setenv("INCIDENTSIM_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("INCIDENTSIM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("INCIDENTSIM_SCENARIOS_DIR", raising=False)


def store(folder: Path, *, score: bool = False) -> Store:
    """Return the store of a folder."""
    return Store(folder, engine=this_engine(), score=score)


def here(grid: Grid, folder: Path) -> Outcome:
    """Sweep in this process."""
    return sweep(grid, store(folder, score=grid.score), InProcess(run_cell))


def test_processes_give_what_one_gives(incident: Scenario, tmp_path: Path) -> None:
    """Two processes give the digest, and the bytes, of this process alone."""
    grid = Grid(scenarios=(incident,), players=PLAYERS, seeds=(1, 2))
    one = here(grid, tmp_path / "one")
    two = sweep(grid, store(tmp_path / "two"), Processes(run_cell, 2))
    assert (one.played, two.played) == (4, 4)
    assert one.digest == two.digest
    assert one.results.read_bytes() == two.results.read_bytes()
    results = [json.loads(line) for line in one.results.read_text(encoding="utf-8").splitlines()]
    assert results[0]["commands"] == 0
    assert results[2]["commands"] == 2
    assert len({result["behaviour_digest"] for result in results}) == 4


def test_scores_do_not_depend_on_the_number_of_processes(incident: Scenario, tmp_path: Path) -> None:
    """Scored cells that share baselines are the same from one process and from two that re-simulate in others."""
    grid = Grid(scenarios=(incident,), players=PLAYERS, seeds=(1,), score=True, cache=tmp_path / "cache")
    two = sweep(grid, store(tmp_path / "two", score=True), Processes(run_cell, 2))
    one = here(Grid(scenarios=(incident,), players=PLAYERS, seeds=(1,), score=True), tmp_path / "one")
    assert [record.error for record in one.records] == ["", ""]
    assert one.digest == two.digest
    assert all(record.result["score"]["practice_index"] is not None for record in one.records)


def test_what_is_there_is_not_played_again(incident: Scenario, tmp_path: Path) -> None:
    """A second sweep plays what is missing only, and has the digest of one sweep of everything."""
    few = Grid(scenarios=(incident,), players=("reference",), seeds=(1, 2))
    many = Grid(scenarios=(incident,), players=PLAYERS, seeds=(1, 2))
    assert here(few, tmp_path / "parts").played == 2
    parts = here(many, tmp_path / "parts")
    assert parts.played == 2
    assert parts.digest == here(many, tmp_path / "whole").digest
    assert here(many, tmp_path / "parts").played == 0


def test_an_interrupt_keeps_what_is_finished(incident: Scenario, tmp_path: Path) -> None:
    """Ctrl+C between two cells loses neither of them, and the same sweep goes on."""
    grid = Grid(scenarios=(incident,), players=("do_nothing",), seeds=(1, 2, 3))
    seen = []

    def tell(done: int, total: int, what: str) -> None:
        seen.append((done, total, what))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(grid, store(tmp_path), InProcess(run_cell), tell)
    assert seen == [(0, 3, ""), (1, 3, "tiny do_nothing 1"), (2, 3, "tiny do_nothing 2")]
    assert here(grid, tmp_path).played == 1


def test_an_error_stays_with_its_cell(incident: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A player that raises fails its own cells; the others are played, and the next sweep tries again."""

    async def broken(session: Session, briefed: Briefed) -> None:
        raise ZeroDivisionError("no brakes")

    grid = Grid(scenarios=(incident,), players=("novice", "do_nothing"), seeds=(1,))
    with monkeypatch.context() as patched:
        patched.setitem(PANEL, "novice", broken)
        outcome = here(grid, tmp_path)
        assert main(sweep_arguments(tmp_path, "novice,do_nothing", "1", make_tiny(tmp_path / "s"))) == 1
    (failed,) = outcome.failed()
    assert (str(failed.cell), failed.error) == ("tiny novice 1", "ZeroDivisionError: no brakes")
    assert len(outcome.records) == 2
    again = here(grid, tmp_path)
    assert (again.played, again.failed()) == (1, ())


def test_results_of_another_engine_are_not_kept(incident: Scenario, tmp_path: Path) -> None:
    """A worker that runs something else ends the sweep, and its result is not among what is kept."""

    def elsewhere(task: Task) -> Finished:
        return Finished(cell=task.cell, engine="another", result={})

    grid = Grid(scenarios=(incident,), players=("do_nothing",), seeds=(1,))
    with pytest.raises(IncidentSimError, match="tiny do_nothing 1 was played by another engine"):
        sweep(grid, store(tmp_path), InProcess(elsewhere))
    assert not (tmp_path / "cells").exists()


def test_a_grid_knows_its_names(incident: Scenario) -> None:
    """An unknown player, and two scenarios of one id, are told before anything is played."""
    with pytest.raises(UsageError, match="there is no player 'wizard'"):
        Grid(scenarios=(incident,), players=("wizard",), seeds=(1,)).cells()
    other = incident.model_copy(update={"duration": 7})
    with pytest.raises(UsageError, match="two different scenarios are called tiny"):
        Grid(scenarios=(incident, other), players=PLAYERS, seeds=(1,)).cells()


def sweep_arguments(folder: Path, players: str, seeds: str, scenario: Path) -> list[str]:
    """Return a command line that sweeps into a folder, in its own process."""
    return ["sweep", "--scenarios", str(scenario), "--policies", players, "--seeds", seeds, "--workers", "1",
            "--out", str(folder)]  # fmt: skip


def test_the_verb_prints_table_and_digest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table and the digest go to stdout, progress to stderr; the digest is that of the file of results."""
    folder = make_tiny(tmp_path)
    assert main(sweep_arguments(tmp_path / "out", "reference,do_nothing", "4", folder)) == 0
    text = capsys.readouterr()
    assert text.err.splitlines() == ["0/2 are kept already", "1/2 tiny reference 4", "2/2 tiny do_nothing 4"]
    assert [line.split()[:4] for line in text.out.splitlines()[1:3]] == [
        ["tiny", "do_nothing", "1", "0"], ["tiny", "reference", "1", "0"],
    ]  # fmt: skip
    assert main([*sweep_arguments(tmp_path / "out", "reference,do_nothing", "4", folder), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["cells"], said["played"], said["failed"]) == ("incidentsim-sweep/1", 2, 0, [])
    assert f"digest {said['digest']}" in text.out
    assert [row["player"] for row in said["summary"]] == ["do_nothing", "reference"]


def test_without_out_sweeps_share_cells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The data directory keeps cells by engine: a larger sweep goes on where a smaller one ended."""
    arguments = ["--scenarios", str(make_tiny(tmp_path)), "--policies", "do_nothing", "--workers", "1", "--json"]
    assert main(["sweep", *arguments, "--seeds", "1..2"]) == 0
    assert main(["sweep", *arguments, "--seeds", "2..3"]) == 0
    played = [json.loads(text)["played"] for text in capsys.readouterr().out.replace("}\n{", "}\0{").split("\0")]
    assert played == [2, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--policies", "wizard"), "there is no player 'wizard'"),
        (("--policies", ","), "--policies needs names"),
        (("--policies", "novice", "--dask", "tcp://127.0.0.1:1", "--workers", "2"), "leave one of the two out"),
        (("--policies", "novice", "--workers", "0"), "--workers"),
    ],
)
def test_the_verb_refuses_what_it_can_not_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    """Unknown names and contradictions end with 2 before anything is made."""
    assert main(["sweep", "--scenarios", str(make_tiny(tmp_path)), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background job is born ignoring it


def make_folders(_: int) -> None:
    """Make folders below the place for temporary files for ever, its parents too: the work of a stubborn worker."""
    os.write(sys.stderr.fileno(), b"at work\n")  # in one piece: there are two of them
    while True:
        with contextlib.suppress(OSError):
            Path(tempfile.gettempdir(), "a", "b").mkdir(parents=True, exist_ok=True)


STUBBORN = """
from incidentsim.sweep.local import Processes
from tests.sweep.test_sweep import make_folders

if __name__ == "__main__":
    with Processes(make_folders, 2) as pool:
        pool.submit(1)
        pool.submit(2)
        pool.finished()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_killed_processes_leave_nothing_while_they_work(tmp_path: Path) -> None:
    """A worker that goes on making folders until its last moment leaves none when the one that started it is killed."""
    script = tmp_path / "stubborn.py"
    script.write_text(STUBBORN, encoding="utf-8")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch)},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:  # its stderr ends when the workers, which have that pipe too, are gone
        assert process.stderr is not None
        try:
            assert [process.stderr.readline() for _ in range(2)] == ["at work\n"] * 2
        finally:
            process.kill()
        assert "Traceback" not in process.stderr.read()
    assert list(scratch.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_stopped_sweep_goes_on(tmp_path: Path, how: signal.Signals, code: int) -> None:
    """Stopped or killed in the middle, it leaves no process or file behind and no cell lost, and the same command
    ends with the digest of a sweep that was let be."""
    folder = make_tiny(tmp_path / "s")
    arguments = sweep_arguments(tmp_path / "out", "reference", f"1..{FAR}", folder)
    arguments[arguments.index("--workers") + 1] = "2"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "incidentsim", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=_hear_interrupts,  # noqa: PLW1509 - pytest has one thread here
    )  # fmt: skip
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(4)]
    assert lines[3].startswith(f"3/{FAR} ")
    process.send_signal(how)
    rest = process.stderr.read()  # ends when the workers, which have this pipe too, are gone
    process.stderr.close()
    assert process.wait() == code
    assert ("the same command goes on" in rest) == (how == signal.SIGINT)
    assert "Traceback" not in rest
    assert list(scratch.iterdir()) == []
    kept = {int(path.stem) for path in (tmp_path / "out" / "cells").rglob("*.json")}
    assert 3 <= len(kept) < FAR
    near = Grid(scenarios=(load_scenario(folder),), players=("reference",), seeds=tuple(range(1, 9)))
    rest_of_it = here(near, tmp_path / "out")
    assert rest_of_it.played == len({*near.seeds} - kept)
    assert rest_of_it.digest == here(near, tmp_path / "whole").digest
