"""`incidentsim runbook`: runbooks measured by following them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from incidentsim.cli.options import Seeds, SeedType, json_option, scenarios_option
from incidentsim.config import load_config
from incidentsim.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from incidentsim.certify.runbooks import Verdict


@click.group("runbook")
def command() -> None:
    """Test runbooks by letting a scripted on-call follow them."""


@command.command("test")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--scenario", required=True, metavar="S", help="The incident it is followed in: a name or a path.")
@click.option("--seeds", type=SeedType(), default="1..3", show_default=True, metavar="N|A..B",
              help="Seeds to run it on.")  # fmt: skip
@json_option
@scenarios_option
def test(*, file: Path, scenario: str, seeds: Seeds, as_json: bool, scenarios: Path | None) -> int:
    """Follow a runbook over seeds: minutes and harm it saves, and steps that a healthy stack triggers.

    Ends with 1 when it does not help: under a tenth of the harm avoided, harm done on some seed, or a false trigger.
    """
    from incidentsim.certify.runbooks import measure
    from incidentsim.cli.library import load
    from incidentsim.cli.progress import shown_progress
    from incidentsim.cli.report import console
    from incidentsim.policies.runbook_text import read_runbook

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise UsageError(f"the runbook {file} can't be read: {wrong}") from wrong
    runbook = read_runbook(text, name=str(file))
    config = load_config({"scenarios_dir": scenarios})
    incident = load(scenario, config.scenarios_dir)
    with shown_progress(f"following {file.name}") as tell:
        verdict = measure(runbook, incident, seeds=seeds.values, progress=tell)
    if as_json:
        click.echo(json.dumps(verdict.to_json(), indent=2, ensure_ascii=False))
    else:
        _show(verdict, console())
    return 0 if verdict.helps() else 1


def _show(verdict: Verdict, out: Console) -> None:
    """Print the table over seeds, the steps of each, and the verdict."""
    from rich.table import Table
    from rich.text import Text

    from incidentsim.exact import format_clock

    out.print(Text(f"{verdict.runbook}, followed in {verdict.scenario}"))
    table = Table(box=None, pad_edge=False)
    for title in ("seed", "users well without", "with", "minutes saved", "harm avoided", "false triggers"):
        table.add_column(title, justify="right")
    for s in verdict.seeds:
        table.add_row(
            str(s.seed), _time(s.calm_without_min), _time(s.calm_with_min), f"{s.minutes_saved:.1f}",
            f"{s.harm_avoided:.0%}", str(len(s.false_triggers)),
        )  # fmt: skip
    out.print(table)
    for s in verdict.seeds:
        for carried in s.steps:
            held = {True: "verified", False: "not verified in time", None: "nothing verified"}[carried.verified]
            done = "; ".join(carried.commands) or "nothing was accepted"
            out.print(Text(f"seed {s.seed}  {format_clock(carried.t_us)}  {carried.step}: {done} ({held})"))
            for line in carried.refused:
                out.print(Text(f"seed {s.seed}  refused: {line}"))
        if not s.steps:
            out.print(Text(f"seed {s.seed}  no step's condition held"))
        for carried in s.false_triggers:
            out.print(Text(f"seed {s.seed}  healthy {format_clock(carried.t_us)}  {carried.step} was carried out"))
    word = "helps" if verdict.helps() else "does not help"
    out.print(
        Text(f"It {word}: {verdict.minutes_saved():.1f} minutes and {verdict.harm_avoided():.0%} of the harm saved on "
             f"average over {len(verdict.seeds)} seeds, {verdict.false_triggers()} false triggers.")
    )  # fmt: skip


def _time(minutes: float | None) -> str:
    return "never" if minutes is None else f"T+{minutes:.1f} min"
