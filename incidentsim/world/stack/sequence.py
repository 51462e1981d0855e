"""One request inside one engine, with the bookkeeping that continuous batching needs."""

from __future__ import annotations

from typing import Any

NEVER = -(1 << 62)
"""A time that has not come: far below every scenario time, which are negative in the prelude."""


class Sequence:
    """A prompt and the output it will produce, from submission to its end in this engine.

    `prompt` and `output` are what was asked. `p` and `o` are what is left to prefill and to produce: a
    preemption by recompute turns the tokens processed so far into prompt. Times are scenario µs, NEVER = not yet.
    `owner` is opaque to the engine.
    """

    __slots__ = (
        "admitted_us",
        "arrived_us",
        "blocks",
        "clock_at_decode",
        "decoding",
        "done",
        "finish_clock",
        "finished_us",
        "first_us",
        "gone",
        "id",
        "o",
        "output",
        "owner",
        "p",
        "prompt",
        "residue",
        "restarts",
        "waiting",
    )

    def __init__(self, seq_id: int, arrived_us: int, prompt: int, output: int, owner: Any = None) -> None:
        self.id = seq_id
        self.arrived_us = arrived_us
        self.prompt = self.p = prompt
        self.output = self.o = output
        self.owner = owner
        self.done = 0
        self.blocks = 0
        self.clock_at_decode = 0
        self.finish_clock = 0
        self.residue = 0
        self.restarts = 0
        self.admitted_us = self.first_us = self.finished_us = NEVER
        self.decoding = self.waiting = self.gone = False
