"""What the import contracts can't say: which third-party and clock modules each package may use.

The contracts of pyproject.toml (layers, the terminal's blindness) are checked by `lint-imports`.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import incidentsim

PACKAGE = Path(incidentsim.__file__).parent

THIRD_PARTY: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "sources": frozenset(),
    "exact": frozenset({"mypy_extensions"}),  # names of machine integers, for the compiler alone
    "events": frozenset(),
    "text": frozenset({"rich"}),
    "specs": frozenset(),
    "commands": frozenset(),
    "telemetry": frozenset({"promql_parser"}),
    "client_api": frozenset(),
    "scenario": frozenset({"yaml", "pydantic", "faker"}),
    "transcript": frozenset(),
    "world": frozenset({"simpy", "rapidfuzz"}),
    "scoring": frozenset({"rapidfuzz"}),
    "session": frozenset(),
    "policies": frozenset(),
    "tui": frozenset({"textual", "rich"}),
    "bench": frozenset({"simpy"}),
    "report": frozenset({"jinja2", "markupsafe", "plotly"}),
    "certify": frozenset(),
    "sweep": frozenset({"distributed"}),
    "config": frozenset({"platformdirs"}),
    "cli": frozenset({"click", "rich"}),
    "testing": frozenset(),
}
"""What each package may import besides the standard library and packages below it."""

CLOCKS = frozenset({"time", "datetime"})
CLOCK_OWNERS = frozenset({"session", "bench"})
"""Wall-clock time enters the program here only; everything else is handed scenario time."""

SECRET_OWNERS = frozenset({"session"})

CLOCK_VALUES = frozenset({"timedelta"})
"""Members of `datetime` that are lengths, not moments: promql-parser hands them over."""

HEAVY = ("textual", "simpy", "pydantic", "yaml", "faker", "promql_parser", "rapidfuzz", "rich", "jinja2", "plotly",
         "distributed")  # fmt: skip


def imports(path: Path) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield (top-level module, members taken from it) for every absolute import of a file, lazy ones too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0], frozenset()
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0], frozenset(alias.name for alias in node.names)


def part_of(path: Path) -> str:
    """Return the package or module directly below `incidentsim` that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def sources() -> list[Path]:
    """Return every Python file of the package but its `__init__` and `__main__`."""
    return [path for path in sorted(PACKAGE.rglob("*.py")) if not part_of(path).startswith("__")]


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a fresh interpreter has after running `statement`."""
    probe = f"import sys\n{statement}\nsys.stderr.write('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(done.stderr.split("\n"))


def test_each_package_imports_only_its_own_third_parties() -> None:
    """A third-party package is used where the design says, and nowhere else."""
    wrong = [
        f"{path.relative_to(PACKAGE)}: {module}"
        for path in sources()
        for module, _ in imports(path)
        if module not in sys.stdlib_module_names
        and module != "incidentsim"
        and module not in THIRD_PARTY.get(part_of(path), frozenset())
    ]
    assert wrong == []


def test_names_for_the_compiler_are_not_needed_to_run() -> None:
    """What `make fast` compiles names machine integers; without mypyc's package the program runs all the same."""
    assert "mypy_extensions" not in loaded_by("import incidentsim.exact")


def test_only_the_pacing_side_reads_the_clock() -> None:
    """time and datetime are imported by the session and the benchmarks only: nothing else depends on now."""
    wrong = [
        f"{path.relative_to(PACKAGE)}: {module}"
        for path in sources()
        if part_of(path) not in CLOCK_OWNERS
        for module, members in imports(path)
        if module in CLOCKS and not (members and members <= CLOCK_VALUES)
    ]
    assert wrong == []


def test_only_the_session_draws_secrets() -> None:
    """Unpredictable bytes (salts, ids) are made by the session only."""
    wrong = [
        f"{path.relative_to(PACKAGE)}"
        for path in sources()
        if part_of(path) not in SECRET_OWNERS and any(module == "secrets" for module, _ in imports(path))
    ]
    assert wrong == []


def test_every_package_has_a_rule() -> None:
    """A new package must say here what it may import."""
    assert {part_of(path) for path in sources()} <= THIRD_PARTY.keys()


def test_the_terminal_loads_nothing_that_knows_the_truth() -> None:
    """Importing the terminal loads neither world nor scoring, scenario or session, even indirectly."""
    loaded = loaded_by("import incidentsim.tui, incidentsim.tui.app")
    truth = (
        "incidentsim.world",
        "incidentsim.scoring",
        "incidentsim.scenario",
        "incidentsim.session",
        "simpy",
    )
    assert [name for name in truth if name in loaded] == []
    assert "textual" in loaded


def test_help_loads_nothing_heavy() -> None:
    """`incidentsim --help` loads no engine, no terminal, no validation library; its time is printed."""
    begin = time.perf_counter()
    loaded = loaded_by(
        "import io, contextlib\nfrom incidentsim.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()): assert main(['--help']) == 0"
    )
    print(f"--help with interpreter start: {time.perf_counter() - begin:.3f} s")
    assert [name for name in HEAVY if name in loaded] == []
    assert "click" in loaded
