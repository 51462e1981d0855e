"""Options and argument types that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

MAX_SEEDS = 10_000
"""Largest range of seeds: a typing error such as 1..1000000 must not start a day of work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """One seed or a range. `many` says that a range was written, even one of a single seed."""

    values: range
    many: bool


class SeedType(click.ParamType[Seeds]):
    """`N` or `A..B`, both ends included; whole numbers >= 0."""

    name = "N|A..B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Seeds:
        """Return the seeds that a text means."""
        if isinstance(value, Seeds):
            return value
        first, dots, last = str(value).partition("..")
        if not _is_seed(first) or (dots and not _is_seed(last)):
            self.fail(f"{value!r} is neither a seed such as 7 nor a range such as 1..20", param, ctx)
        low = int(first)
        high = int(last) if dots else low
        if high < low or high - low >= MAX_SEEDS:
            self.fail(f"{value!r} must rise, and hold at most {MAX_SEEDS} seeds", param, ctx)
        return Seeds(values=range(low, high + 1), many=bool(dots))


class DurationType(click.ParamType[int]):
    """A scenario time or a length of time such as `12m30s`, in microseconds."""

    name = "12m30s"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the microseconds that a text means."""
        if isinstance(value, int):
            return value
        from incidentsim.specs.knobs import parse_duration

        try:
            return parse_duration(str(value))
        except ValueError as wrong:
            self.fail(str(wrong), param, ctx)


def data_option(function: F) -> F:
    """Add `--data DIR`: where sessions are kept."""
    return click.option("--data", is_eager=True, type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
                        help="Where sessions are kept.")(function)  # fmt: skip


def scenarios_option(function: F) -> F:
    """Add `--scenarios DIR`: where scenarios are looked for first."""
    return click.option("--scenarios", type=click.Path(exists=True, file_okay=False, path_type=Path),
                        metavar="DIR", help="Where scenarios are looked for first.")(function)  # fmt: skip


def json_option(function: F) -> F:
    """Add `--json`: print JSON in place of text."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


class TranscriptType(click.ParamType[Path]):
    """A transcript: its file, or the id of a session of the data directory, or how one id begins."""

    name = "transcript"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the file. Raises UsageError when a bare word is neither a file nor one session."""
        path = Path(value)
        if path.exists() or path.name != str(value) or path.suffix:
            return path
        from incidentsim.config import load_config
        from incidentsim.session.store import session_path

        given = ctx.params.get("data") if ctx is not None else None
        config = load_config({"data_dir": given if isinstance(given, Path) else None})
        return session_path(config.data_dir, str(value))


def transcript_argument(function: F) -> F:
    """Add the TRANSCRIPT argument."""
    return click.argument("transcript", type=TranscriptType())(function)


def _is_seed(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
