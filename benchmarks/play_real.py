"""What playing a real scenario costs: start-up, CPU and memory of the live screen, key-to-paint. Prints JSON.

Runs `incidentsim play SCENARIO` as a person would, in a pty, takes the pager as soon as that is possible, leaves
the clock at x1 with the overview in front, and reads /proc; then it types into the command line at random moments
and looks for each new state of the line in what the app wrote. Run it with
`python benchmarks/play_real.py [--scenario slow-chat] [--seconds 60]`. Linux only.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import random
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOALS = {"first_frame_s": 1.5, "page_s": 10.0, "cpu_percent_x1": 20.0, "rss_mb": 150.0,
         "key_to_paint_p95_ms": 60.0}  # fmt: skip
"""The budgets of the terminal, as `docs/design` states them."""

KEYS = 60
"""Keys typed for the latency: enough for a 95th percentile."""

LONGEST_LINE = 60
"""The line is emptied from this length on, so that it never scrolls."""

_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z$]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>78]")
_COMMAND = "import sys; from incidentsim.cli.main import main; sys.exit(main(sys.argv[1:]))"


class Terminal:
    """The other end of the pty: keeps what the app writes, answers its mode query."""

    def __init__(self, arguments: list[str], columns: int, rows: int) -> None:
        self.started = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", COLUMNS=str(columns), LINES=str(rows))
            os.execv(sys.executable, [sys.executable, "-c", _COMMAND, *arguments])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.total = 0
        self.recent = b""

    def read(self, timeout: float) -> None:
        """Read what there is."""
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            raise SystemExit("the app ended while it was measured") from None
        if b"\x1b[?2026$p" in data:
            os.write(self.fd, b"\x1b[?2026;2$y")
        self.total += len(data)
        self.recent = (self.recent + data)[-200_000:]

    def run_for(self, seconds: float) -> None:
        """Keep reading for a while."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def wait_for(self, text: bytes, timeout: float) -> float | None:
        """Return the time at which `text` was written, None when it wasn't in time."""
        end = time.perf_counter() + timeout
        while time.perf_counter() < end:
            if text in _ESCAPES.sub(b"", self.recent):
                return time.perf_counter()
            self.read(0.02)
        return None

    def send(self, keys: bytes) -> None:
        """Type."""
        self.recent = b""
        os.write(self.fd, keys)

    def cpu_seconds(self) -> float:
        """Return user and system time of the app so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self) -> float:
        """Return the resident memory of the app."""
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        return int(found[1]) / 1000 if found else 0.0

    def end(self) -> None:
        """End the app."""
        os.kill(self.pid, signal.SIGTERM)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def needed(terminal: Terminal, text: bytes, timeout: float) -> float:
    """Return the seconds since the start at which `text` was shown."""
    seen = terminal.wait_for(text, timeout)
    if seen is None:
        raise SystemExit(f"{text.decode()!r} was not shown within {timeout:g} s")
    return seen - terminal.started


def key_latencies(terminal: Terminal) -> list[float]:
    """Return milliseconds from a key to the line that holds it, sorted."""
    draw = random.Random(1)
    found: list[float] = []
    line = b"note "
    terminal.send(line)
    terminal.run_for(1)
    for _ in range(KEYS):
        terminal.run_for(0.05 + 0.2 * draw.random())
        if len(line) > LONGEST_LINE:
            line = b"note "
            terminal.send(b"\x15" + line)
            terminal.run_for(0.5)
        key = b"abcdefghijklmnop"[draw.randrange(16) :][:1]
        line += key
        sent = time.perf_counter()
        terminal.send(key)
        seen = terminal.wait_for(line, 2)
        if seen is not None:
            found.append((seen - sent) * 1000)
    return sorted(found)


def measure(scenario: str, seed: int, seconds: float, columns: int, rows: int) -> dict[str, float | int]:
    """Return the figures of one run."""
    with tempfile.TemporaryDirectory() as data:
        arguments = ["play", scenario, "--seed", str(seed), "--data", data]
        terminal = Terminal(arguments, columns, rows)
        first = needed(terminal, b"take the pager", 30)
        ready = needed(terminal, b"ready: Enter", 120)
        terminal.send(b"\r")
        live = needed(terminal, b"Alerts", 30)
        terminal.run_for(3)
        cpu, at, written = terminal.cpu_seconds(), time.perf_counter(), terminal.total
        terminal.run_for(seconds)
        took = time.perf_counter() - at
        used, wrote = terminal.cpu_seconds() - cpu, terminal.total - written
        latencies = key_latencies(terminal)
        rss = terminal.rss_mb()
        terminal.end()
    if not latencies:
        raise SystemExit("no typed key was ever shown")
    return {
        "first_frame_s": round(first, 2),
        "page_s": round(ready, 2),
        "pager_to_live_s": round(live - ready, 2),
        "cpu_percent_x1": round(100 * used / took, 1),
        "kilobytes_per_second": round(wrote / took / 1000, 1),
        "rss_mb": round(rss, 1),
        "key_to_paint_p50_ms": round(latencies[len(latencies) // 2], 1),
        "key_to_paint_p95_ms": round(latencies[min(len(latencies) - 1, len(latencies) * 95 // 100)], 1),
        "keys": len(latencies),
        "keys_missed": KEYS - len(latencies),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--scenario", default="slow-chat")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the CPU measurement")
    parser.add_argument("--columns", type=int, default=120)
    parser.add_argument("--rows", type=int, default=36)
    options = parser.parse_args()
    figures = measure(options.scenario, options.seed, options.seconds, options.columns, options.rows)
    ok = {name: figures[name] <= goal for name, goal in GOALS.items()}
    load = [round(value, 2) for value in os.getloadavg()]
    setting = {**vars(options), "cores": os.cpu_count(), "load_average_afterwards": load}
    print(json.dumps({"setting": setting, "figures": figures, "goals": GOALS, "ok": ok}, indent=2))


if __name__ == "__main__":
    main()
