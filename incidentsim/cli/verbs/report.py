"""`incidentsim report`: one play as a page for people who were not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from incidentsim.cli.options import data_option, scenarios_option, transcript_argument
from incidentsim.config import load_config
from incidentsim.errors import UsageError

if TYPE_CHECKING:
    from incidentsim.report.model import Report


@click.command("report")
@transcript_argument
@click.option("--format", "format_", type=click.Choice(["html", "md", "json"]), default="html", show_default=True,
              help="One HTML file that needs no network, Markdown, or JSON.")  # fmt: skip
@click.option("--for", "audience", type=click.Choice(["interviewer", "candidate"]), default="interviewer",
              show_default=True,
              help="Who reads it: a candidate's leaves out marks, flags and interviewers' notes.")  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), metavar="FILE",
              help="Write it here, `-` for standard output; HTML goes to NAME.report.html when not said.")  # fmt: skip
@click.option("--score", "scored", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Take this score, as `score --json` wrote it, with its errors, rubric and marks.")  # fmt: skip
@click.option("--postmortem", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Add this check, as `postmortem --check --json` wrote it.")  # fmt: skip
@scenarios_option
@data_option
def command(
    *, transcript: Path, format_: str, audience: Any, out: Path | None, scored: Path | None, postmortem: Path | None,
    scenarios: Path | None, data: Path | None,
) -> None:  # fmt: skip
    """Write a report of one play, for people who were not there.

    Scores the transcript first, which takes a few seconds; runs are kept in the data directory. Where this
    engine can't run the record, effects are left out, and the report says so.
    """
    from incidentsim.cli.library import cache_dir, load
    from incidentsim.cli.progress import shown_progress
    from incidentsim.cli.reporting import check_whole, report_of
    from incidentsim.transcript.recovery import read

    config = load_config({"data_dir": data, "scenarios_dir": scenarios})
    record = read(transcript)
    check_whole(record, transcript)
    scenario = load(str(record.header["scenario"]["id"]), config.scenarios_dir)
    with shown_progress(f"scoring {transcript.name}") as tell:
        report = report_of(record, scenario, transcript, audience=audience, cache=cache_dir(config), progress=tell,
                           scored=scored, postmortem=postmortem)  # fmt: skip
    text = _renderer(format_)(report)
    if out is None and format_ == "html":
        out = Path(f"{transcript.stem}.report.html")
    if out is None or str(out) == "-":
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as wrong:
        raise UsageError(f"{out}: can't be written: {wrong.strerror}; choose another --out") from wrong
    click.echo(f"report written to {out}")


def _renderer(format_: str) -> Callable[[Report], str]:
    """Return what turns a report into text; jinja2 and plotly are only loaded for HTML."""
    if format_ == "json":
        from incidentsim.report.as_json import to_text

        return to_text
    if format_ == "md":
        from incidentsim.report.as_markdown import to_markdown

        return to_markdown
    from incidentsim.report.as_html import to_html

    return to_html
