"""Log records: a bounded ring that screens filter, and a budget that stops a runaway component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from incidentsim.errors import BudgetExceeded
from incidentsim.exact import RollingDigest, canonical_json, format_clock

if TYPE_CHECKING:
    from incidentsim.telemetry.logfilter import Filter

LEVELS: Final = ("debug", "info", "warn", "error", "fatal")
"""Log levels from harmless to fatal."""

SEVERITY: Final = {level: index for index, level in enumerate(LEVELS)}
"""The rank of each level."""

CAPACITY: Final = 200_000
"""Records kept; at 300-500 bytes each well under 100 MB."""

MOST_PER_SECOND: Final = 5_000
"""Records in one scenario second; more means that a component logs in a loop."""

BIN_US: Final = 10_000_000
"""Width of a bar in the histogram: 10 s."""


class LogRecord(NamedTuple):
    """One record, its message already formatted. A tuple, since a run makes a hundred thousand of them.

    `number` rises by one per record emitted, dropped ones among them. Records with the same field names share
    one tuple of them: pairs would take as much memory again as the rest.
    """

    number: int
    t_us: int
    level: str
    service: str
    host: str
    message: str
    names: tuple[str, ...]
    values: tuple[str | int, ...]
    trace_id: str

    @property
    def fields(self) -> tuple[tuple[str, str | int], ...]:
        """Return the pairs of names and values, in the order in which they were given."""
        return tuple(zip(self.names, self.values, strict=True))


class _Shape(NamedTuple):
    """What records with the same field names and types of values share.

    `template` takes the values and gives the text that is digested. Cleaned text holds no control codes, so the
    separators can't be forged; every value is marked as an int or not.
    """

    names: tuple[str, ...]
    template: str


class Selection(NamedTuple):
    """Matching records in rising index.

    `next_after` is the `after` that continues; `hidden` counts records looked at that the filter left out.
    """

    records: tuple[LogRecord, ...]
    next_after: int
    hidden: int


_NO_FIELDS: Final = _Shape((), "")


class LogStore:
    """The newest records of one world, and how many there were per level and 10 s.

    Every record goes into `digest` when there is one. Raises BudgetExceeded for a flood.
    """

    def __init__(self, *, capacity: int = CAPACITY, digest: RollingDigest | None = None) -> None:
        self.capacity = capacity
        self.next_index = 0
        self._ring: list[LogRecord] = []
        self._digest = digest
        self._bins: dict[str, dict[int, int]] = {level: {} for level in LEVELS}
        self._newest_us = -(1 << 62)
        self._late_us = 0
        self._second = -1
        self._in_second = 0
        self._shapes: dict[tuple[object, ...], _Shape] = {}

    def __len__(self) -> int:
        return len(self._ring)

    @property
    def first_index(self) -> int:
        """Return the index of the oldest record kept."""
        return self.next_index - len(self._ring)

    def emit(
        self,
        t_us: int,
        level: str,
        service: str,
        host: str,
        message: str,
        fields: Mapping[str, str | int] | None = None,
        trace_id: str = "",
    ) -> None:
        """Append one record. Its time may lie before that of earlier ones: skewed clocks, late shipping."""
        if t_us < self._newest_us:
            self._late_us = max(self._late_us, self._newest_us - t_us)
        else:
            self._newest_us = t_us
        second = t_us // 1_000_000
        if second == self._second:
            self._in_second += 1
            if self._in_second > MOST_PER_SECOND:
                raise BudgetExceeded(
                    f"more than {MOST_PER_SECOND} log records in one scenario second at {format_clock(t_us)},"
                    f" the last from {service} on {host}; make that component log less often"
                )
        else:
            self._second, self._in_second = second, 1
        bins = self._bins[level]
        bar = t_us // BIN_US
        bins[bar] = bins.get(bar, 0) + 1
        shape = _NO_FIELDS
        values: tuple[str | int, ...] = ()
        if fields:
            values = tuple(fields.values())
            key = (*fields, *map(type, values))
            shape = self._shapes.get(key) or self._shape(key, tuple(fields), values)
        names, template = shape
        index = self.next_index
        record = LogRecord(index, t_us, level, service, host, message, names, values, trace_id)
        if index < self.capacity:
            self._ring.append(record)
        else:
            self._ring[index % self.capacity] = record
        self.next_index = index + 1
        if self._digest is not None:
            text = template % values
            self._digest.add(f"{t_us}\x1f{level}\x1f{service}\x1f{host}\x1f{message}\x1f{text}\x1f{trace_id}".encode())

    def _shape(self, key: tuple[object, ...], names: tuple[str, ...], values: tuple[str | int, ...]) -> _Shape:
        named = zip(names, values, strict=True)
        parts = [f"{name.replace('%', '%%')}\x1d%s\x1d{type(value) is int}" for name, value in named]
        shape = self._shapes[key] = _Shape(names, "\x1e".join(parts))
        return shape

    def get(self, index: int) -> LogRecord | None:
        """Return the record with that index, or None when it is no longer (or not yet) kept."""
        if not self.first_index <= index < self.next_index:
            return None
        return self._ring[index % self.capacity]

    def select(
        self,
        chosen: Filter | None = None,
        after: int = -1,
        limit: int = 500,
        since_us: int | None = None,
    ) -> Selection:
        """Return the oldest matching records with index > `after`; with -1 the newest `limit` ones.

        `since_us` leaves out records before that time.
        """
        ring, capacity = self._ring, self.capacity
        matches = chosen.matches if chosen is not None else _everything
        if after < 0:
            order = range(self.next_index - 1, self.first_index - 1, -1)
        else:
            order = range(max(after + 1, self.first_index), self.next_index)
        found: list[LogRecord] = []
        hidden = 0
        last = after
        for index in order:
            if len(found) >= limit:
                break
            record = ring[index % capacity]
            if since_us is not None and record.t_us < since_us:
                if after < 0 and record.t_us < since_us - self._late_us:
                    break
                last = index
                continue
            last = index
            if matches(record):
                found.append(record)
            else:
                hidden += 1
        if after < 0:
            found.reverse()
            last = self.next_index - 1
        return Selection(tuple(found), last, hidden)

    def histogram(self, start_us: int, end_us: int, level: str = "debug") -> list[int]:
        """Return the number of records of `level` or worse per 10 s, for the bars that touch [start, end)."""
        worse = [self._bins[name] for name in LEVELS[SEVERITY[level] :]]
        counts: list[int] = []
        for bar in range(start_us // BIN_US, -(-end_us // BIN_US)):
            count = 0
            for bins in worse:
                count += bins.get(bar, 0)
            counts.append(count)
        return counts


def _everything(record: LogRecord) -> bool:
    return True


def as_logfmt(record: LogRecord) -> str:
    """Return the record as one logfmt line; values with spaces, quotes or `=` are quoted."""
    pairs: list[tuple[str, str | int]] = [
        ("t", format_clock(record.t_us)),
        ("level", record.level),
        ("service", record.service),
        ("host", record.host),
        ("msg", record.message),
        *record.fields,
    ]
    if record.trace_id:
        pairs.append(("trace_id", record.trace_id))
    return " ".join(f"{key}={_quoted(str(value))}" for key, value in pairs)


def _quoted(value: str) -> str:
    if value and not any(char in value for char in ' "=\\'):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def as_json(record: LogRecord) -> str:
    """Return the record as one line of JSON with sorted keys; `fields` are nested."""
    return canonical_json(
        {
            "t_us": record.t_us,
            "level": record.level,
            "service": record.service,
            "host": record.host,
            "message": record.message,
            "fields": dict(record.fields),
            **({"trace_id": record.trace_id} if record.trace_id else {}),
        }
    )
