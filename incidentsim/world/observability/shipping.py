"""The log collector between components and the log store: flushes, refusals, retries, a buffer that overflows.

Modelled on fluent-bit with an Elasticsearch output: lines of one source form a chunk, chunks are flushed every
second, the store answers 429 to a bulk that is more than it can take just then, and a refused chunk is tried again
after an exponential backoff with jitter (scheduler.base 5 s). Retries go on until the buffer
(storage.total_limit_size) is full; then the oldest chunks are dropped. What people read are the lines that arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from incidentsim.exact import Draws
from incidentsim.specs.knobs import UNLIMITED
from incidentsim.telemetry.logs import LogStore
from incidentsim.telemetry.registry import Registry
from incidentsim.world.call import Call
from incidentsim.world.kernel import OBSERVE, Kernel

FLUSH_US: Final = 1_000_000
"""fluent-bit's default `Flush`."""

BACKOFF_US, LONGEST_BACKOFF_US = 5_000_000, 60_000_000
"""scheduler.base (5 s, default) and scheduler.cap (default 2000 s; a minute is what people set)."""

TARGET: Final = "fluent-bit/fluent-bit-0"
_INPUT, _OUTPUT = {"name": "tail.0"}, {"name": "es.0"}

_ONE: Final = 1_000_000


@dataclass(slots=True, kw_only=True)
class Line:
    """One log line on its way."""

    t_us: int
    level: str
    service: str
    host: str
    message: str
    fields: Mapping[str, str | int]
    trace_id: str


@dataclass(slots=True, kw_only=True)
class Chunk:
    """Lines of one source that are sent together; `tries` counts refusals."""

    number: int
    lines: list[Line] = field(default_factory=list)
    tries: int = 0
    due_us: int = 0


class Shipper:
    """Takes lines, and delivers them to the log store as fast as that takes them.

    `rate` is what the store takes per second (UNLIMITED = everything), `slowed_to` what a slow store takes, `buffer`
    the lines kept, `sampling` the share of lines taken in. The store's bulk queue holds one second's worth: a larger
    chunk is taken when all of it is free, and then keeps the store busy for longer.
    """

    def __init__(self, kernel: Kernel, logs: LogStore, registry: Registry, seed: int) -> None:
        self.rate = self.slowed_to = UNLIMITED
        self.buffer = 10_000
        self.sampling = _ONE
        self._kernel = kernel
        self._logs = logs
        self._draws = Draws(seed, "observability", "log-shipping")
        self._open: dict[tuple[str, str], Chunk] = {}
        self._waiting: list[Chunk] = []
        self._held = self._taken = self._chunks = self._retries = 0
        self._room = 0
        self._in = registry.counter("fluentbit_input_records_total", _INPUT, target=TARGET)
        self._out = registry.counter("fluentbit_output_proc_records_total", _OUTPUT, target=TARGET)
        self._retried = registry.counter("fluentbit_output_retries_total", _OUTPUT, target=TARGET)
        self._dropped = registry.counter("fluentbit_output_dropped_records_total", _OUTPUT, target=TARGET)
        kernel.after(FLUSH_US, self._flush, None, OBSERVE)

    @property
    def held(self) -> int:
        """Lines that have not arrived yet."""
        return self._held

    def status(self) -> list[str]:
        """Return how the collector is, as its own health page says."""
        return [f"log collector: {self._held} records buffered, {len(self._waiting)} chunks to be tried again, "
                f"{self._dropped.value} records dropped"]  # fmt: skip

    def take(self, line: Line) -> None:
        """Take a line in."""
        self._taken += 1
        if self.sampling < _ONE and self._draws.below(2 * self._taken, _ONE) >= self.sampling:
            return
        self._in.value += 1
        chunk = self._open.get((line.service, line.host))
        if chunk is None:
            self._chunks += 1
            chunk = self._open[line.service, line.host] = Chunk(number=self._chunks)
        chunk.lines.append(line)
        self._held += 1

    def _flush(self, _: Call) -> None:
        now = self._kernel.now
        self._kernel.after(FLUSH_US, self._flush, None, OBSERVE)
        rates = [r for r in (self.rate, self.slowed_to) if r != UNLIMITED]
        rate = min(rates) if rates else UNLIMITED
        self._room = min(rate, self._room + rate)
        due = [c for c in self._waiting if c.due_us <= now or rate == UNLIMITED]
        later = [c for c in self._waiting if c.due_us > now and rate != UNLIMITED]
        refused = []
        closed, self._open = list(self._open.values()), {}
        for chunk in [*due, *closed]:
            if rate == UNLIMITED or self._room >= min(len(chunk.lines), rate):
                self._deliver(chunk)
            else:
                self._refuse(chunk, now)
                refused.append(chunk)
        self._waiting = sorted([*later, *refused], key=_age)
        self._overflow()

    def _deliver(self, chunk: Chunk) -> None:
        self._room -= len(chunk.lines)
        self._held -= len(chunk.lines)
        self._out.value += len(chunk.lines)
        for line in chunk.lines:
            self._logs.emit(line.t_us, line.level, line.service, line.host, line.message, line.fields, line.trace_id)

    def _refuse(self, chunk: Chunk, now: int) -> None:
        chunk.tries += 1
        self._retries += 1
        self._retried.value += 1
        longest = min(BACKOFF_US << min(chunk.tries, 10), LONGEST_BACKOFF_US)
        wait = BACKOFF_US + self._draws.below(2 * self._retries + 1, longest - BACKOFF_US + 1)
        chunk.due_us = now + wait
        if chunk.tries == 1:
            self.take(Line(t_us=now, level="warn", service="fluent-bit", host="control-plane", fields={}, trace_id="",
                           message=f"[engine] failed to flush chunk '1-{chunk.number}.flb', retry in "
                                   f"{wait // 1_000_000} seconds: task_id={chunk.number % 2048}, "
                                   "input=tail.0 > output=es.0 (out_id=0)"))  # fmt: skip

    def _overflow(self) -> None:
        while self._held > self.buffer and self._waiting:
            oldest = self._waiting.pop(0)
            self._held -= len(oldest.lines)
            self._dropped.value += len(oldest.lines)


def _age(chunk: Chunk) -> int:
    return chunk.number
