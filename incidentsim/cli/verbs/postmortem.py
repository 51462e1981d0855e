"""`incidentsim postmortem`: writes the form of a postmortem, and checks a written one against the record."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from incidentsim.cli.options import data_option, json_option, scenarios_option, transcript_argument
from incidentsim.config import Config, load_config
from incidentsim.errors import UsageError

if TYPE_CHECKING:
    from incidentsim.scenario.model import Scenario
    from incidentsim.scoring.postmortem.report import PostmortemCheck
    from incidentsim.transcript.model import Transcript

CONTRADICTED = 1
"""Exit code when the record or the model contradicts something that the text says."""


@click.command("postmortem")
@transcript_argument
@click.option("--new", "new", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write the empty form, filled with what you did, and open $EDITOR.")  # fmt: skip
@click.option("--no-edit", is_flag=True, help="With --new: don't open an editor.")
@click.option("--check", "checked", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Check a postmortem; tells what changed since the last check of this session.")  # fmt: skip
@click.option("--against", type=click.Path(dir_okay=False, path_type=Path), metavar="OLD",
              help="With --check: compare with this earlier text in place of the last one checked.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(0, 100), default=5, show_default=True, metavar="N",
              help="Seeds over which controls are proven; 0 runs nothing.")  # fmt: skip
@click.option("--for", "audience", type=click.Choice(("candidate", "interviewer")), default="candidate",
              show_default=True, help="An interviewer is told what is missing from the causal chain.")  # fmt: skip
@json_option
@scenarios_option
@data_option
@click.pass_context
def command(
    ctx: click.Context,
    transcript: Path,
    new: Path | None,
    no_edit: bool,
    checked: Path | None,
    against: Path | None,
    seeds: int,
    audience: str,
    as_json: bool,
    scenarios: Path | None,
    data: Path | None,
) -> None:
    """Write a postmortem, and check it: facts, causes, and whether its action items would have helped.

    Controls of action items are proven by running the incident again with them in place, which takes a minute or
    two; runs are kept in the data directory. Exits 1 when the record contradicts the text.
    """
    if (new is None) == (checked is None):
        raise UsageError("give one of --new FILE (write the form) and --check FILE (check a text)")
    if against is not None and checked is None:
        raise UsageError("--against goes with --check FILE")
    from incidentsim.cli.library import load
    from incidentsim.transcript.recovery import read

    config = load_config({"data_dir": data, "scenarios_dir": scenarios})
    record = read(transcript)
    scenario = load(str(record.header["scenario"]["id"]), config.scenarios_dir)
    _same_scenario(record, scenario)
    if new is not None:
        _write_form(new, record, scenario, edit=not no_edit)
        return
    assert checked is not None
    ctx.exit(_check(checked, against, record, scenario, config, seeds=seeds, audience=audience, as_json=as_json))


def _same_scenario(record: Transcript, scenario: Scenario) -> None:
    """Raise TranscriptError for a record of another scenario; one of another engine can be read all the same."""
    from incidentsim.errors import DigestMismatch
    from incidentsim.session.resume import check_same

    try:
        check_same(record.header, scenario)
    except DigestMismatch as wrong:
        click.echo(f"note: {wrong}; controls are tried on today's engine", err=True)


def _write_form(path: Path, record: Transcript, scenario: Scenario, *, edit: bool) -> None:
    """Write the form to a new file, and open an editor when there is a person to use it."""
    from incidentsim.scenario.cast import Cast
    from incidentsim.scoring.postmortem.template import template

    title = Cast.from_json(record.header["cast"]).render(scenario.title)
    try:
        with path.open("x", encoding="utf-8") as out:
            out.write(template(record, title))
    except FileExistsError:
        raise UsageError(f"{path} exists already, and is not overwritten; name another file") from None
    click.echo(f"wrote {path}")
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if edit and editor and sys.stdin.isatty():
        try:
            subprocess.run([*shlex.split(editor), str(path)], check=False)
        except (OSError, ValueError) as wrong:
            raise UsageError(f"the editor {editor!r} could not be started: {wrong}") from wrong


def _check(
    path: Path, against: Path | None, record: Transcript, scenario: Scenario, config: Config, *, seeds: int,
    audience: str, as_json: bool,
) -> int:  # fmt: skip
    from incidentsim.cli.postmortem_report import print_check
    from incidentsim.cli.postmortems import changed, last_check, memory_path, read_text, remember
    from incidentsim.cli.report import console

    result = _measured(read_text(path), record, scenario, config, seeds=seeds, audience=audience)
    now = result.to_json()
    memory = memory_path(config.data_dir, str(record.header.get("sid", "session")))
    before = last_check(memory, now)
    if against is not None:
        before = _measured(read_text(against), record, scenario, config, seeds=seeds, audience=audience).to_json()
    change = changed(before, now)
    remember(memory, now)
    if as_json:
        click.echo(json.dumps({**now, "delta": change.to_json() if change else None}, indent=2, ensure_ascii=False))
    else:
        print_check(result, change, console())
    return CONTRADICTED if result.contradicted() else 0


def _measured(
    text: str, record: Transcript, scenario: Scenario, config: Config, *, seeds: int, audience: str
) -> PostmortemCheck:
    from importlib.util import find_spec

    from incidentsim.cli.library import cache_dir
    from incidentsim.cli.progress import shown_progress
    from incidentsim.scenario.cast import Cast
    from incidentsim.scoring.postmortem.check import check
    from incidentsim.session.rehearsal import Rehearsal

    first = int(record.header.get("seed", 0))
    who: Any = audience
    with shown_progress("proving controls") as tell:
        rehearse = None
        if seeds and find_spec("simpy") is not None:
            rehearse = Rehearsal(cast=Cast.from_json(record.header["cast"]), cache=cache_dir(config), progress=tell)
        return check(text, record, scenario, rehearse=rehearse, seeds=range(first, first + max(1, seeds)), audience=who)
