"""What the terminal costs: CPU, bytes to the terminal, key-to-paint latency. Prints JSON.

Runs the app with the synthetic session of the tests in a pty at 160x48 with 200 log lines a second, types
into the command line at random moments, and looks for each new state of the line in what the app wrote.
Run it with `python benchmarks/tui_paint.py [--seconds 20] [--hz 4] [--tab 1]`. Linux only: it reads /proc.
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
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLUMNS, ROWS = 160, 48
LINES_PER_SECOND = 200
GOALS = {"cpu_percent": 20.0, "key_to_paint_p95_ms": 60.0, "kilobytes_per_second": 150.0, "rss_mb": 150.0}
"""The budgets of the terminal, as `docs/design` states them."""

_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z$]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>78]")
_LONGEST_LINE = 46


def child(hz: float) -> None:
    """Run the app."""
    sys.path.insert(0, str(ROOT))
    from incidentsim.tui.app import IncidentApp
    from tests.tui.fake_provider import FakeProvider

    provider = FakeProvider(lines_per_second=LINES_PER_SECOND, clock=time.monotonic)
    IncidentApp(provider, start="slow-chat", hz=hz).run()


class Terminal:
    """The other end of the pty: counts and keeps what the app writes, answers its mode query."""

    def __init__(self, hz: float) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", COLUMNS=str(COLUMNS), LINES=str(ROWS))
            os.execv(sys.executable, [sys.executable, __file__, "--child", "--hz", str(hz)])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.total = 0
        self.recent = b""

    def read(self, timeout: float) -> bool:
        """Read what there is; return whether there was anything."""
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            raise SystemExit("the app ended while it was measured") from None
        if b"\x1b[?2026$p" in data:
            os.write(self.fd, b"\x1b[?2026;2$y")
        self.total += len(data)
        self.recent = (self.recent + data)[-200_000:]
        return True

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
            self.read(0.05)
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


def measure(seconds: float, hz: float, tab: str) -> dict[str, float | int | None]:
    """Return the figures of one run."""
    terminal = Terminal(hz)
    started = time.perf_counter()
    if terminal.wait_for(b"take the pager", 30) is None:
        raise SystemExit("the app did not come up")
    first_frame = time.perf_counter() - started
    terminal.wait_for(b"ready: Enter", 30)
    terminal.send(b"\r")
    terminal.run_for(2)
    terminal.send(tab.encode())
    terminal.run_for(1)
    cpu, at, written = terminal.cpu_seconds(), time.perf_counter(), terminal.total
    terminal.run_for(seconds / 2)
    idle = time.perf_counter() - at
    idle_cpu, idle_bytes = terminal.cpu_seconds() - cpu, terminal.total - written

    draw = random.Random(1)
    latencies: list[float] = []
    missed = 0
    line = b"note "
    terminal.send(b":")
    terminal.run_for(0.5)
    terminal.send(line)
    terminal.run_for(1)
    end = time.perf_counter() + seconds / 2
    while time.perf_counter() < end:
        terminal.run_for(0.05 + 0.2 * draw.random())
        if len(line) > _LONGEST_LINE:
            line = b"note "
            terminal.send(b"\x15" + line)
            terminal.run_for(0.3)
        key = b"abcdefghijklmnop"[draw.randrange(16) :][:1]
        line += key
        sent = time.perf_counter()
        terminal.send(key)
        seen = terminal.wait_for(line, 2)
        if seen is None:
            missed += 1
        else:
            latencies.append((seen - sent) * 1000)
    rss = terminal.rss_mb()
    os.kill(terminal.pid, signal.SIGTERM)
    os.close(terminal.fd)
    os.waitpid(terminal.pid, 0)
    latencies.sort()

    def quantile(share: float) -> float | None:
        return round(latencies[min(len(latencies) - 1, int(len(latencies) * share))], 1) if latencies else None

    return {
        "cpu_percent": round(100 * idle_cpu / idle, 1),
        "kilobytes_per_second": round(idle_bytes / idle / 1000, 1),
        "key_to_paint_p50_ms": quantile(0.5),
        "key_to_paint_p95_ms": quantile(0.95),
        "keys": len(latencies),
        "keys_missed": missed,
        "rss_mb": round(rss, 1),
        "first_frame_s": round(first_frame, 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the measurement")
    parser.add_argument("--hz", type=float, default=4.0, help="screen updates a second")
    parser.add_argument("--tab", default="1", help="digit of the tab in front")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.hz)
        return
    figures = measure(options.seconds, options.hz, options.tab)
    ok = {name: (figures[name] or 0) <= goal for name, goal in GOALS.items()}
    setting = {"columns": COLUMNS, "rows": ROWS, "hz": options.hz, "log_lines_per_second": LINES_PER_SECOND}
    print(json.dumps({"setting": setting, "figures": figures, "goals": GOALS, "ok": ok}, indent=2))


if __name__ == "__main__":
    main()
