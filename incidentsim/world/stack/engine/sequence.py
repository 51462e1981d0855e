"""One request inside one engine, with the bookkeeping that continuous batching needs."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from incidentsim.world.stack.engine.prefix_cache import Extent, Hold

Prefix = tuple[tuple[Hashable, int], ...]
"""What a prompt begins with: (key, tokens) segments, tokens counted from the prompt's start, so they rise. Equal keys
after equal segments mean equal content. A last segment that reaches the prompt's end goes on into the output, so
that a conversation's next turn, with the same key and more tokens, continues it. A salt is part of the first key.
"""

NEVER: Final = -(1 << 62)
"""A time that has not come: far below every scenario time, which are negative in the prelude."""


class Sequence:
    """A prompt and the output it will produce, from submission to its end in this engine.

    `prompt` and `output` are what was asked. `p` and `o` are what is left to prefill and to produce: a
    preemption by recompute turns the tokens processed so far into prompt. Times are scenario µs, NEVER = not yet.
    `owner` is opaque to the engine. `prefix` is for the prefix cache, None = nothing in it can be shared; `hold` is
    the cache's own, and so are `extents`, made of the prefix at submission.
    """

    __slots__ = (
        "admitted_us",
        "arrived_us",
        "blocks",
        "clock_at_decode",
        "decoding",
        "done",
        "extents",
        "finish_clock",
        "finished_us",
        "first_us",
        "gone",
        "hold",
        "id",
        "o",
        "output",
        "owner",
        "p",
        "prefix",
        "prompt",
        "residue",
        "restarts",
        "waiting",
    )

    def __init__(
        self, seq_id: int, arrived_us: int, prompt: int, output: int, owner: Any = None, prefix: Prefix | None = None
    ) -> None:
        self.id = seq_id
        self.arrived_us = arrived_us
        self.prompt = self.p = prompt
        self.output = self.o = output
        self.owner = owner
        self.prefix = prefix
        self.hold: Hold | None = None
        self.extents: list[Extent] = []
        self.done = 0
        self.blocks = 0
        self.clock_at_decode = 0
        self.finish_clock = 0
        self.residue = 0
        self.restarts = 0
        self.admitted_us = self.first_us = self.finished_us = NEVER
        self.decoding = self.waiting = self.gone = False
