"""`incidentsim verify`: whether a transcript is whole, and whether this engine gives the same bits."""

from __future__ import annotations

from pathlib import Path

import click

from incidentsim.cli.options import scenarios_option, transcript_argument
from incidentsim.config import load_config
from incidentsim.errors import DigestMismatch, TranscriptError


@click.command("verify")
@transcript_argument
@scenarios_option
def command(transcript: Path, scenarios: Path | None) -> None:
    """Check a transcript: its chain, its engine, and its digests.

    Ends with 3 when the file is unreadable or its chain broken, with 1 when it is whole but can't be run
    to the same bits here.
    """
    from incidentsim.cli.library import load
    from incidentsim.cli.progress import shown_progress
    from incidentsim.session.replay import verify

    config = load_config({"scenarios_dir": scenarios})
    with shown_progress(f"running {transcript.name} again"):
        found = verify(transcript, lambda name: load(name, config.scenarios_dir))
    chain = found.chain
    if not chain.ok:
        raise TranscriptError(f"{transcript}: {found.problem}")
    redacted = f", {len(chain.redacted)} redacted" if chain.redacted else ""
    click.echo(f"chain    whole, {chain.lines} lines{redacted}, head {chain.head}")
    if found.replay is not None:
        same = "identical" if found.replay.same else "differs"
        click.echo(f"replay   {same}, {found.replay.checkpoints} checkpoints")
        if found.replay.parting is not None:
            click.echo(f"parting  {found.replay.parting}")
        click.echo(f"digests  behaviour {found.replay.behaviour_digest}")
        click.echo(f"         dyn {found.replay.dyn}  tel {found.replay.tel}")
    if not found.ok:
        raise DigestMismatch(f"{transcript}: {found.problem}")
