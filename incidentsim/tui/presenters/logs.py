"""Log records as rows, the error histogram, filter chips, copied text. Pure.

`LogBuffer` is the ring that the live feed fills and that any number of log panes show.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from incidentsim.client_api import LogLine
from incidentsim.tui.presenters.numbers import clock_tenths
from incidentsim.tui.presenters.rows import Row, Span, span

BUCKET_US = 10_000_000
"""Width of one histogram bar: 10 s of scenario time."""

CAPACITY = 20_000
"""Lines kept for scrolling back; at 200 lines/s that is 100 s, with a filter far more. Bounds memory."""

HISTOGRAM_LABEL = "errors/10 s "
"""What the bars are, at their left where there is room."""

_BARS = " ▁▂▃▄▅▆▇█"
_LEVELS = {"debug": ("D", "dim"), "info": ("I", "plain"), "warn": ("W", "warn"), "warning": ("W", "warn"),
           "error": ("E", "bad"), "fatal": ("F", "bad"), "critical": ("C", "bad")}  # fmt: skip


def is_error(line: LogLine) -> bool:
    """Say whether a line is of level error or worse."""
    return line.level.lower() in ("error", "fatal", "critical")


def level_letter(level: str) -> tuple[str, str]:
    """Return the letter and the role of a level, so that it shows without colour too."""
    return _LEVELS.get(level.lower(), (level[:1].upper() or "?", "plain"))


class LogBuffer:
    """The newest lines that match the filter, in order; `base` is the number of lines already dropped.

    `generation` rises when the content was replaced, so that panes forget what they cached.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.lines: deque[LogLine] = deque(maxlen=capacity)
        self.base = 0
        self.generation = 0
        self.hidden = 0
        self.buckets: dict[int, list[int]] = {}

    def reset(self) -> None:
        """Forget everything: the filter changed."""
        self.lines.clear()
        self.base = self.hidden = 0
        self.generation += 1
        self.buckets.clear()

    def extend(self, lines: tuple[LogLine, ...]) -> None:
        """Append newer lines; the oldest fall out beyond the capacity."""
        over = len(self.lines) + len(lines) - (self.lines.maxlen or 0)
        if over > 0:
            self.base += over
        self.lines.extend(lines)
        for line in lines:
            counts = self.buckets.setdefault(line.t_us // BUCKET_US, [0, 0])
            counts[0] += 1
            counts[1] += is_error(line)

    @property
    def end(self) -> int:
        """Return the number of the next line: `base` plus the lines kept."""
        return self.base + len(self.lines)

    def find(self, start: int, step: int, needle: str, *, errors: bool) -> int | None:
        """Return the position (from `base`) of the next error, or line with `needle`, after `start`."""
        text = needle.lower()
        for position in self._positions(start, step):
            line = self.lines[position]
            if is_error(line) if errors else text in plain_text(line).lower():
                return position
        return None

    def _positions(self, start: int, step: int) -> Iterator[int]:
        position = start + step
        while 0 <= position < len(self.lines):
            yield position
            position += step

    def position_at(self, t_us: int) -> int:
        """Return the position of the first line at or after `t_us` (the last line when there is none)."""
        for position, line in enumerate(self.lines):
            if line.t_us >= t_us:
                return position
        return max(0, len(self.lines) - 1)


def plain_text(line: LogLine) -> str:
    """Return a line as copied and as searched: time, level, service, host, message, fields."""
    fields = " ".join(f"{k}={v}" for k, v in line.fields.items())
    host = f"{line.service}/{line.host}" if line.host and line.host != line.service else line.service
    parts = [f"T{clock_tenths(line.t_us)}", line.level.upper(), host, line.message, fields]
    if line.trace_id:
        parts.append(f"trace_id={line.trace_id}")
    return " ".join(part for part in parts if part)


def evidence_bullet(line: LogLine) -> str:
    """Return a line as a bullet for the postmortem."""
    return f"- {plain_text(line)} (log {line.index})"


TELLING = ("code", "reason")
"""Fields shown before the others: at 80 columns the end of a line is cut off, and these say whether it was well."""


def log_row(line: LogLine, needle: str = "", shift: int = 0) -> Row:
    """Return one log line: time, level letter and colour, service, message, fields dimmed, hits marked.

    `shift` characters of the message and what follows it are left out at their left.
    """
    letter, role = level_letter(line.level)
    host = line.host or line.service
    spans = [
        Span(f"{clock_tenths(line.t_us)} ", "dim"),
        Span(f"{letter} ", role),
        span(f"{host:<11.14} ", "accent"),
    ]
    body = [(line.message, role if role != "plain" else "plain")]
    if line.fields:
        names = sorted(line.fields, key=lambda name: name not in TELLING)  # the rest keep their order
        body.append((" " + " ".join(f"{name}={line.fields[name]}" for name in names), "dim"))
    if line.trace_id:
        body.append((f" trace_id={line.trace_id}", "dim"))
    for text, text_role in body:
        spans.extend(_marked(text[shift:], text_role, needle))
        shift = max(0, shift - len(text))
    return Row(spans=tuple(spans))


def _marked(text: str, role: str, needle: str) -> Iterator[Span]:
    low, find = text.lower(), needle.lower()
    start = 0
    while find and (at := low.find(find, start)) >= 0:
        if at > start:
            yield span(text[start:at], role)
        yield span(text[at : at + len(find)], "hit")
        start = at + len(find)
    if start < len(text):
        yield span(text[start:], role)


def detail_rows(line: LogLine) -> list[Row]:
    """Return everything a line holds, one field a row."""
    pairs = [
        ("time", f"T{clock_tenths(line.t_us)}"),
        ("level", line.level.upper()),
        ("service", line.service),
        ("host", line.host),
        ("message", line.message),
        *line.fields.items(),
        ("trace_id", line.trace_id),
    ]
    return [Row(spans=(span(f"{name:<12} ", "dim"), span(value)), indent=13) for name, value in pairs if value]


def chips(filter_text: str) -> tuple[Span, ...]:
    """Return the filter's terms as chips; a term that excludes is shown as bad."""
    out: list[Span] = []
    for term in filter_text.split():
        out += [span(f" {term} ", "bad" if term.startswith(("-", "!")) else "key"), Span(" ")]
    return tuple(out) if out else (Span("all lines", "dim"),)


def histogram(buckets: dict[int, list[int]], now_us: int, width: int) -> tuple[Row, list[int]]:
    """Return the bars of errors per 10 s, newest at the right, and each column's start time in µs."""
    last = now_us // BUCKET_US
    label = HISTOGRAM_LABEL if width > 3 * len(HISTOGRAM_LABEL) else ""
    columns = list(range(last - width + len(label) + 1, last + 1))
    errors = [buckets.get(column, (0, 0))[1] for column in columns]
    peak = max(errors, default=0)
    spans: list[Span] = [Span(label, "dim")]
    for count, column in zip(errors, columns, strict=True):
        if count:
            spans.append(Span(_BARS[max(1, count * 8 // peak)], "bad"))
        else:
            spans.append(Span("·" if buckets.get(column) else " ", "dim"))
    times = [columns[0]] * len(label) + columns
    return Row(spans=_merged(spans)), [bucket * BUCKET_US for bucket in times]


def _merged(spans: list[Span]) -> tuple[Span, ...]:
    out: list[Span] = []
    for part in spans:
        if out and out[-1].role == part.role:
            out[-1] = Span(out[-1].text + part.text, part.role)
        else:
            out.append(part)
    return tuple(out)


def histogram_label(buckets: dict[int, list[int]], now_us: int) -> str:
    """Return what the bars say in words."""
    now = now_us // BUCKET_US
    recent = sum(buckets.get(bucket, (0, 0))[1] for bucket in range(now - 5, now + 1))
    return f"{recent:,} errors in the last minute"
