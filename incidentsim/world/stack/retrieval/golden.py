"""Golden questions: their passages are known, so a job that asks them sees recall and similarity.

Nothing that users get depends on them; what they find follows from the state of the indexes, with the noise of
a small sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from incidentsim.exact import Draws
from incidentsim.telemetry.registry import Registry
from incidentsim.world.call import Call
from incidentsim.world.kernel import Kernel

if TYPE_CHECKING:
    from incidentsim.world.stack.retrieval.stage import Retrieval

PERIOD_US: Final = 30_000_000
"""The job asks all its questions this often."""

QUESTIONS: Final = 200
"""Golden questions: enough to see a drop of ten points at once (standard error 3 points)."""

SIMILAR_HIT, SIMILAR_NEAR, SIMILAR_RANDOM = 820_000, 620_000, 300_000
"""Cosine (ppm) of the best vector: the passage itself; else one near the topic; else, among vectors of another
version, a random one. Levels differ between models; the order does not."""

NAN: Final = float("nan")


class GoldenQuestions:
    """Asks about every partition in turn, and keeps what came of the last round: hits by leg, summed cosines."""

    def __init__(self, kernel: Kernel, retrieval: Retrieval, registry: Registry, seed: int) -> None:
        self._kernel = kernel
        self._retrieval = retrieval
        self._draws = Draws(seed, retrieval.id, "golden")
        self._rounds = 0
        self.hits = {"dense": -1, "sparse": -1, "hybrid": -1}
        self._cosines = -1
        self._compared = 0
        for leg in self.hits:
            registry.gauge("retrieval_recall_estimate", {"leg": leg}, lambda leg=leg: self._recall(leg),  # type: ignore[misc]
                           target="retrieval-golden")  # fmt: skip
        registry.gauge("retrieval_top1_similarity", {}, self._similarity, target="retrieval-golden")
        kernel.after(PERIOD_US // 2, self._ask, None)

    def _recall(self, leg: str) -> float:
        return self.hits[leg] / QUESTIONS if self.hits[leg] >= 0 else NAN

    def _similarity(self) -> float:
        return self._cosines / self._compared / 1_000_000 if self._compared else NAN

    def _ask(self, _: Call) -> None:
        """Ask every question; hits of the legs share a draw each, so that rounds differ only by chance."""
        retrieval = self._retrieval
        match = retrieval.index.match_ppm()
        near = SIMILAR_RANDOM + (SIMILAR_NEAR - SIMILAR_RANDOM) * match // 1_000_000
        hits = dict.fromkeys(self.hits, 0)
        cosines = compared = 0
        start = self._rounds * 4 * QUESTIONS
        self._rounds += 1
        for number in range(QUESTIONS):
            reach = retrieval.reach_ppm(number)
            dense, sparse, hybrid = retrieval.expected(reach)
            index = start + 4 * number
            found = self._draws.below(index, 1_000_000) < dense
            hits["dense"] += found
            hits["sparse"] += self._draws.below(index + 1, 1_000_000) < sparse
            hits["hybrid"] += self._draws.below(index + 2, 1_000_000) < hybrid
            if reach:
                compared += 1
                cosines += (SIMILAR_HIT if found else near) + self._draws.below(index + 3, 60_001) - 30_000
        self.hits, self._cosines, self._compared = hits, cosines, compared
        self._kernel.after(PERIOD_US, self._ask, None)
