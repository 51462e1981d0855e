"""`incidentsim bench`: the figures that the design promises, measured on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from incidentsim.cli.main import INTERRUPTED

if TYPE_CHECKING:
    from incidentsim.bench.figure import Figure, Tell

MISSED = 1
"""Exit code when a figure misses its goal."""

PIPE_WIDTH = 120
"""Columns of the table where there is no terminal to ask."""


@click.command("bench")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--only", metavar="IDS", default="", help="Measure these figures only, for example S1,F3.")
@click.option("--quick", is_flag=True, help="Fewer rounds and shorter runs: to try the benchmark, not to judge by it.")
def command(as_json: bool, only: str, quick: bool) -> int:
    """Measure speed and fidelity against the goals of the design.

    Speed is S1 to S5, fidelity F1 to F4 and F6; all take about six minutes, one minute with --quick. Speed is
    judged as a ratio to bare SimPy, measured in turns with it; seconds are informative. Ends with 1 when a figure
    misses its goal. Ctrl+C keeps what is finished.
    """
    from incidentsim.bench.figure import Settings
    from incidentsim.bench.suite import chosen, run

    ids = chosen(only)
    finished: list[Figure] = []
    interrupted = False
    with _told(len(ids)) as tell:
        try:
            for figure in run(ids, Settings(quick=quick, tell=tell)):
                finished.append(figure)
                tell(f"{figure.id} {'ok' if figure.ok else 'missed'}")
        except KeyboardInterrupt:
            interrupted = True
    if as_json:
        click.echo(json.dumps({figure.id: figure.to_json() for figure in finished}, indent=1, ensure_ascii=False))
    else:
        _print_table(finished)
    if interrupted:
        click.echo(f"interrupted: {len(finished)} of {len(ids)} figures are finished", err=True)
        return INTERRUPTED
    return 0 if all(figure.ok for figure in finished) else MISSED


@contextmanager
def _told(count: int) -> Iterator[Tell]:
    """Say on stderr what is being measured: one live line at a terminal, a line for each figure in a pipe."""
    if not sys.stderr.isatty():
        yield lambda words: click.echo(words, err=True) if words.endswith((" ok", " missed")) else None
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status(f"measuring {count} figures") as status:
        yield status.update


def _print_table(figures: list[Figure]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from incidentsim.bench.figure import rounded
    from incidentsim.bench.suite import FIGURES

    table = Table("", "figure", "measured", "value", "goal", "", pad_edge=False, box=None)
    for figure in figures:
        for i, bound in enumerate(figure.bounds):
            verdict = Text("ok", "green") if bound.ok else Text("missed", "bold red")
            table.add_row(figure.id if i == 0 else "", FIGURES[figure.id] if i == 0 else "",
                          bound.name, f"{rounded(bound.value):,}", f"{bound.sense} {bound.limit:g}",
                          verdict)  # fmt: skip
        for name, value in figure.beside:
            table.add_row("", "", name, f"{rounded(value):,}", "", "")
    console = Console()
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    console.print(table)
    for figure in figures:
        console.print(Text(f"\n{figure.id}: {figure.how}"))
