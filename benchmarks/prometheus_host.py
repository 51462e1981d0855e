"""Runs a real Prometheus on recorded samples, for `promql_agreement`: export, backfill, serve, ask.

Prometheus listens on a loopback port that the kernel picks, scrapes nothing and lives in a temporary folder.
"""

from __future__ import annotations

import json
import shutil
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from math import isnan
from pathlib import Path
from typing import Any

from incidentsim.telemetry import Labels, Series, SeriesStore, format_series, format_value

BASE_S = 1_699_920_000
"""Unix time of T+0: a whole day, so that the steps of subqueries fall on the same moments in both engines."""

_STALE = struct.pack("<Q", 0x7FF0000000000002)
"""Prometheus' stale marker, a NaN with a payload (model/value)."""

_READY_TRIES = 300
_READY_PAUSE_S = 0.1

Curves = dict[Labels, list[tuple[float, float]]]


class ToolMissing(Exception):
    """`prometheus` or `promtool` is not installed, or did not do what it was asked."""


class Refused(Exception):
    """Prometheus answered a query with an error."""


def tool(name: str) -> str:
    """Return the path of a program. Raises ToolMissing saying how to get it."""
    path = shutil.which(name)
    if path is None:
        raise ToolMissing(f"{name} is not installed; on Debian: apt-get install prometheus")
    return path


def version() -> str:
    """Return Prometheus' version, such as 2.42.0."""
    done = subprocess.run([tool("prometheus"), "--version"], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()[2].partition("+")[0]


def samples(series: Series, store: SeriesStore) -> Iterator[tuple[int, float | None]]:
    """Yield (scenario µs, value) of a series; None once where it goes stale, as a scraper would write it."""
    present = False
    for index, value in enumerate(series.values):
        if not isnan(value):
            present = True
            yield series.times[series.first + index], value
        elif present:
            present = False
            yield series.times[series.first + index], None
    ended = series.first + len(series.values)
    if present and series.times is store.times and ended < len(store.times):
        yield store.times[ended], None


def all_series(store: SeriesStore) -> Iterator[Series]:
    """Yield every series, by name."""
    for name in store.names():
        yield from store.series(name)


def without_stale_markers(store: SeriesStore) -> SeriesStore:
    """Return the same samples as OpenMetrics can say them: that text has no stale markers."""
    plain = SeriesStore()
    for series in all_series(store):
        for t_us, value in samples(series, store):
            if value is not None:
                plain.record(series.name, dict(series.bare), t_us, value)
    return plain


def write_openmetrics(store: SeriesStore, path: Path) -> int:
    """Write every sample with its time; return how many.

    There are no TYPE lines: the recorded names are the exporters' own, and not all follow OpenMetrics' rules
    (envoy's counters lack `_total`), while samples without a type may have any name.
    """
    written = 0
    with path.open("w", encoding="utf-8") as out:
        for series in all_series(store):
            head = format_series(series.labels)
            for t_us, value in samples(series, store):
                if value is not None:
                    out.write(f"{head} {value!r} {BASE_S + t_us / 1_000_000:.3f}\n")
                    written += 1
        out.write("# EOF\n")
    return written


def backfill(store: SeriesStore, data: Path) -> None:
    """Make blocks below `data` from the samples, with promtool."""
    text = data.with_suffix(".om")
    write_openmetrics(store, text)
    command = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics", str(text), str(data)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise ToolMissing(f"promtool could not backfill: {done.stdout.strip()[-400:]}")


class Prometheus:
    """A running server; ask it with `instant` and `range`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def instant(self, expr: str, t_us: int) -> tuple[str, Any]:
        """Return (resultType, result) at a scenario time. Raises Refused."""
        return self._ask("query", {"query": expr, "time": _unix(t_us)})

    def range(self, expr: str, start_us: int, end_us: int, step_us: int) -> tuple[str, Any]:
        """Return (resultType, result) over scenario times. Raises Refused."""
        asked = {"query": expr, "start": _unix(start_us), "end": _unix(end_us), "step": f"{step_us / 1e6:.3f}"}
        return self._ask("query_range", asked)

    def write(self, store: SeriesStore) -> None:
        """Send all samples by remote write, stale markers among them."""
        series = [_time_series(one.labels, samples(one, store)) for one in all_series(store)]
        for at in range(0, len(series), 200):
            body = _snappy(b"".join(_field(1, one) for one in series[at : at + 200]))
            headers = {
                "Content-Encoding": "snappy",
                "Content-Type": "application/x-protobuf",
                "X-Prometheus-Remote-Write-Version": "0.1.0",
            }
            request = urllib.request.Request(f"{self.url}/api/v1/write", data=body, headers=headers)
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()

    def _ask(self, what: str, fields: dict[str, str]) -> tuple[str, Any]:
        data = urllib.parse.urlencode(fields).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{what}", data=data, timeout=60) as answer:
                found = json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Refused(json.load(error)["error"]) from None
        return found["resultType"], found["result"]


@contextmanager
def serving(data: Path) -> Iterator[Prometheus]:
    """Run Prometheus over the blocks in `data` while the block runs."""
    config = data.with_suffix(".yml")
    config.write_text("global: {evaluation_interval: 15s}\n", encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        tool("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver", "--log.level=error",
    ]  # fmt: skip
    log = data.with_suffix(".log")
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process, log)
        yield Prometheus(url)
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(_READY_TRIES):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=5):
                return
        except OSError:
            time.sleep(_READY_PAUSE_S)
    raise ToolMissing(f"prometheus did not start: {log.read_text(encoding='utf-8')[-400:]}")


def _unix(t_us: int) -> str:
    return f"{BASE_S + t_us / 1_000_000:.3f}"


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes((*out, number))


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _time_series(labels: Labels, points: Iterator[tuple[int, float | None]]) -> bytes:
    """Return prometheus.TimeSeries: labels (1: name, value) and samples (2: double, int64 ms)."""
    texts = (_field(1, _field(1, key.encode()) + _field(2, value.encode())) for key, value in labels)
    values = (
        _field(2, b"\x09" + (_STALE if v is None else struct.pack("<d", v)) + b"\x10" + _varint(_ms(t)))
        for t, v in points
    )
    return b"".join(chain(texts, values))


def _ms(t_us: int) -> int:
    return BASE_S * 1_000 + t_us // 1_000


def _snappy(data: bytes) -> bytes:
    """Return the snappy block format with literals only: valid, and not smaller."""
    out = [_varint(len(data))]
    for at in range(0, len(data), 65_536):
        part = data[at : at + 65_536]
        out.append(b"\xf4" + (len(part) - 1).to_bytes(2, "little") + part)
    return b"".join(out)


def shown(labels: Labels, value: float) -> str:
    """Return one result row for a report."""
    return f"{format_series(labels)} {format_value(value)}"
