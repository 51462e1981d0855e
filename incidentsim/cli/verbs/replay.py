"""`incidentsim replay`: a session's record printed again, or played again on today's engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from incidentsim.cli.options import DurationType, scenarios_option, transcript_argument
from incidentsim.config import load_config

if TYPE_CHECKING:
    from incidentsim.transcript.model import Transcript


@click.command("replay")
@transcript_argument
@click.option("--at", type=DurationType(), metavar="TIME", help="Stop at this time after the page, e.g. 12m30s.")
@click.option("--plain", is_flag=True, help="No colour: one event a line, words only.")
@click.option("--rebase", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT",
              help="Run its commands on today's engine into a new transcript.")  # fmt: skip
@scenarios_option
def command(*, transcript: Path, at: int | None, plain: bool, rebase: Path | None, scenarios: Path | None) -> None:
    """Print a session again, up to any moment, or run it on today's engine.

    Prints what the candidate saw and did; what only an interviewer may see is left out.
    """
    from incidentsim.transcript.recovery import read

    record = read(transcript)
    if rebase is not None:
        _rebase(record, rebase, scenarios)
        return
    from incidentsim.cli.lines import event_line
    from incidentsim.cli.report import console
    from incidentsim.exact import format_clock
    from incidentsim.text import clean, safe_text

    out = console()
    header = record.header
    scenario = header["scenario"]
    title = f"{scenario['id']} version {scenario['version']}, seed {header['seed']}, {header['created_utc']}"
    lines = [(title, "bold")]
    for event in record.records:
        if at is not None and event.t_us > at:
            break
        line = event_line(event.type, event.t_us, event.body) if "c" in event.vis else ""
        if line:
            lines.append((line, _STYLES.get(event.type, "")))
    if at is not None:
        lines.append((f"{format_clock(at)} is as far as you asked", "dim"))
    for text, style in lines:
        if plain:
            click.echo(clean(text, keep_newlines=True))
        else:
            out.print(safe_text(text, style))


def _rebase(record: Transcript, out: Path, scenarios: Path | None) -> None:
    from incidentsim.cli.library import load
    from incidentsim.session.again import rebase
    from incidentsim.text import clean

    config = load_config({"scenarios_dir": scenarios})
    scenario = load(str(record.header["scenario"]["id"]), config.scenarios_dir)
    done = rebase(record, scenario, out)
    for line in done.refused:
        click.echo(clean(f"refused: {line}"), err=True)
    click.echo(f"{done.given} lines given again, {len(done.refused)} refused; written to {out}")


_STYLES = {
    "page": "bold red", "alert_fired": "red", "alert_cleared": "green", "accepted": "bold cyan",
    "rejected": "yellow", "effect": "cyan", "message": "magenta", "change": "blue", "look": "dim",
    "end": "bold",
}  # fmt: skip
