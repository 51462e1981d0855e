"""`incidentsim play`: an incident in the terminal, or line by line."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING

import click

from incidentsim.cli.options import DurationType, data_option, scenarios_option
from incidentsim.config import Config, load_config
from incidentsim.errors import UsageError
from incidentsim.specs.levels import LEVELS

if TYPE_CHECKING:
    from incidentsim.session.host import IncidentSession


@click.command("play")
@click.argument("scenario", required=False)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="The same seed gives the same incident; else a new one.",
)
@click.option("--speed", type=click.FloatRange(0, 100), metavar="X",
              help="Scenario seconds a second; 0 is as fast as possible.")  # fmt: skip
@click.option("--level", type=click.Choice(tuple(LEVELS)),
              help="How much help there is, and how clear the signals are; the truth is the same.")  # fmt: skip
@click.option("--plain", is_flag=True, help="Line by line, for screen readers and pipes.")
@click.option("--resume", metavar="ID", help="Go on with a session; the beginning of its id is enough.")
@click.option("--rewind", metavar="ID", help="Take over from a moment (--at) of a session, as a new session.")
@click.option("--at", type=DurationType(), metavar="12m30s", help="With --rewind: the moment after the page.")
@data_option
@scenarios_option
def command(
    *,
    scenario: str | None,
    seed: int | None,
    speed: float | None,
    level: str | None,
    plain: bool,
    resume: str | None,
    rewind: str | None,
    at: int | None,
    data: Path | None,
    scenarios: Path | None,
) -> None:
    """Play an incident in the terminal, or line by line with --plain.

    Without a scenario it opens the home screen.
    """
    if scenario is not None and resume is not None:
        raise UsageError("--resume goes on with a session of its own scenario; leave the scenario out")
    if seed is not None and scenario is None:
        raise UsageError("--seed needs a scenario: incidentsim play SCENARIO --seed N")
    if level is not None and scenario is None:
        raise UsageError("--level needs a scenario; a session that is resumed or rewound keeps its own")
    if rewind is not None and (scenario is not None or resume is not None):
        raise UsageError("--rewind takes over from a session of its own scenario; leave SCENARIO and --resume out")
    if (rewind is None) != (at is None):
        raise UsageError("--rewind ID and --at MOMENT go together: incidentsim play --rewind ID --at 12m30s")
    config = load_config({"data_dir": data, "scenarios_dir": scenarios, "speed": speed})
    if rewind is not None and at is not None:
        from incidentsim.cli.rewound import rewind_session

        taken = rewind_session(config, rewind, at)
        taken.close()
        resume = taken.recorder.path.stem
        click.echo(f"A new session, {resume}, stands paused at that moment.", err=True)
    if plain:
        _play_plain(config, scenario, seed, resume, level or "")
    else:
        open_terminal(config, scenario=scenario, seed=seed, resume=resume, level=level)


def open_terminal(
    config: Config | None = None,
    *,
    scenario: str | None = None,
    seed: int | None = None,
    resume: str | None = None,
    level: str | None = None,
) -> None:
    """Open the terminal: the home screen, or straight into a scenario or a session."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("this is not a terminal; use `incidentsim play SCENARIO --plain` here")
    from incidentsim.cli.home import Home
    from incidentsim.cli.library import load
    from incidentsim.tui.app import IncidentApp

    config = config or load_config()
    if scenario is not None:
        load(scenario, config.scenarios_dir)  # a mistake is told here, before the screen is taken over
    home = Home(config)
    app = IncidentApp(home, start=scenario, resume=resume, seed=seed, level=level, hz=config.hz, theme=config.theme)
    try:
        app.run()
    finally:
        kept = home.open_session_id()
        home.close()
    if kept:
        click.echo(f"The session is kept: incidentsim play --resume {kept}")


def _play_plain(config: Config, scenario: str | None, seed: int | None, resume: str | None, level: str) -> None:
    from incidentsim.cli.library import open_session, resume_session, set_pace
    from incidentsim.cli.stdio import typed_lines
    from incidentsim.session.pacing import LivePacer

    if scenario is None and resume is None:
        from incidentsim.scenario.catalogue import folders

        raise UsageError(f"play which scenario? known: {', '.join(folders(config.scenarios_dir)) or 'none'}")
    host = resume_session(config, resume) if resume else open_session(config, scenario or "", seed, level)
    live = sys.stdin.isatty()

    async def play() -> bool:
        from incidentsim.cli.plain import PlainMode

        pacer = LivePacer(host) if live else None
        if live and resume is None:
            set_pace(config, host)

        async def pump(budget_s: float, until_us: int | None) -> None:
            if until_us is not None:
                host.step(until_us, budget_s)
            elif pacer is not None:
                pacer.pulse(budget_s)

        mode = PlainMode(
            host.client("candidate"),
            typed_lines(),
            _write,
            pump=pump if pacer is not None else None,
            confirm=live,
            prompt=_prompt if live else lambda: None,
        )
        return await mode.run()

    try:
        over = asyncio.run(play())
        if over:
            _tell_result(config, host)
    finally:
        host.close()


def _prompt() -> None:
    print("> ", end="", flush=True)


def _write(text: str) -> None:
    """Print lines, at a terminal folded at spaces; what follows a fold is indented as its line was."""
    if not sys.stdout.isatty():
        print(text, flush=True)
        return
    width = max(20, get_terminal_size().columns)
    for line in text.split("\n"):
        margin = line[: len(line) - len(line.lstrip())]
        folded = fill(line, width, subsequent_indent=margin + "  ", break_long_words=False,
                      break_on_hyphens=False, drop_whitespace=True) if len(line) > width else line  # fmt: skip
        print(folded, flush=True)


def _tell_result(config: Config, host: IncidentSession) -> None:
    from incidentsim.cli.judge import keep_result
    from incidentsim.cli.library import cache_dir
    from incidentsim.cli.progress import shown_progress
    from incidentsim.cli.report import console, print_debrief
    from incidentsim.cli.rewound import futures_of
    from incidentsim.scoring.debrief_names import as_shown
    from incidentsim.session.judging import judge

    _write("The incident is over. Scoring runs it again without each of your actions.")
    transcript, cache = host.recorder.transcript(), cache_dir(config)
    with shown_progress("scoring") as tell:
        card = judge(transcript, host.scenario, cache=cache, progress=tell)
        futures = futures_of(transcript, host.scenario, data=config.data_dir, cache=cache, progress=tell)
    keep_result(host.recorder.path, card)
    print_debrief(as_shown(card, transcript), console(), futures)
    _write(f"The record: {host.recorder.path}")
