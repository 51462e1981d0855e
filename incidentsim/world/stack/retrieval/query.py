"""One question on its way through retrieval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidentsim.world.stack.requests import Attempt

if TYPE_CHECKING:
    from incidentsim.world.stack.retrieval.shard import Shard


class Query:
    """An attempt in retrieval. Its state falls from embedding over searching and reranking to its end, once.

    `asked` shards belong to its tenant's partition, `pending` of them still search, `answered` have. `sparse`
    says whether the sparse index is asked, `reason` what degraded it (empty = nothing). `began_us` is when its
    present part began.
    """

    __slots__ = ("answered", "asked", "attempt", "began_us", "entered_us", "gone", "key", "pending", "reason",
                 "reranking", "sparse", "where")  # fmt: skip

    def __init__(self, attempt: Attempt, now_us: int) -> None:
        request = attempt.request
        self.attempt = attempt
        self.key = (request.index << 6 | request.tenant.number) << 4 | (attempt.number & 15)
        self.entered_us = self.began_us = now_us
        self.asked = self.pending = self.answered = 0
        self.sparse = True
        self.reason = ""
        self.reranking = self.gone = False
        self.where: list[Shard] = []
