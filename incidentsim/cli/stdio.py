"""Typed lines for an event loop: a thread reads standard input and only posts what it read.

It reads the descriptor itself: a thread blocked inside `sys.stdin` would hold its lock while the interpreter
shuts down. Regular files, pipes and terminals all work.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
from threading import Thread

CHUNK_BYTES = 65_536
"""Most bytes read at once."""


def typed_lines() -> asyncio.Queue[str | None]:
    """Return a queue that gets every line of standard input, then None. Call on the loop that reads it."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def post(line: str | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(lines.put_nowait, line)

    def read() -> None:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        rest = ""
        try:
            while data := os.read(sys.stdin.fileno(), CHUNK_BYTES):
                *whole, rest = (rest + decoder.decode(data)).split("\n")
                for line in whole:
                    post(line)
            if rest:
                post(rest)
            post(None)
        except (OSError, RuntimeError):
            return  # the loop or the descriptor is gone: nobody waits for lines any more

    Thread(target=read, daemon=True, name="typed-lines").start()
    return lines
