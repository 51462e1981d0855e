"""The dense index as a whole: which version embedded how many of its vectors, and what is made anew.

The stage advances it every few seconds; shards hold who serves it.
"""

from __future__ import annotations

from typing import Final

from incidentsim.scenario.parts import RetrievalPart

ONE: Final = 1_000_000

LIVE, SNAPSHOT = "live", "snapshot"
"""What the alias that questions search can point to."""


class VectorIndex:
    """Counts of vectors by embedding version, a refresh job that replaces those of other versions, a rebuild.

    `encoder` embeds questions, `refresh` new and refreshed documents (a pin wins over what the job is configured
    with). `dual`: both encoders are there, and each searches the vectors of its own version.
    """

    def __init__(self, part: RetrievalPart, now_us: int) -> None:
        self.revisions = (part.encoder, part.next_encoder)
        self.encoder = part.encoder
        self.configured = part.encoder
        self.pinned = ""
        self.refresh_rate = part.build_rate
        self.dual = False
        self.served = LIVE
        self.counts = {part.encoder: part.vectors, part.next_encoder: 0}
        self.build_left = -1
        self._snapshot_of = part.encoder
        self._snapshot_us = min(now_us, -part.snapshot_age)
        self._build_rate = part.build_rate
        self._rest = self._built_rest = 0

    @property
    def refresh(self) -> str:
        """The version that embeds documents."""
        return self.pinned or self.configured

    @property
    def vectors(self) -> int:
        """All vectors of the live index."""
        return sum(self.counts.values())  # exact: ints

    def match_ppm(self) -> int:
        """Return the share of the served vectors that a question's embedding can be compared with."""
        if self.dual:
            return ONE
        if self.served == SNAPSHOT:
            return ONE if self.encoder == self._snapshot_of else 0
        return self.counts[self.encoder] * ONE // self.vectors

    def lag_us(self, now_us: int) -> int:
        """Return how old the newest document in the served index is."""
        return now_us - self._snapshot_us if self.served == SNAPSHOT else 0

    def mixing(self) -> bool:
        """Whether documents get vectors that questions can't be compared with."""
        return self.refresh != self.encoder and not self.dual

    def advance(self, passed_us: int, documents: int) -> bool:
        """Refresh and build for `passed_us`, and take in new documents; True when a build has ended."""
        self.counts[self.refresh] += documents
        self._rest += self.refresh_rate * passed_us
        amount, self._rest = divmod(self._rest, ONE)
        for version, count in self.counts.items():
            if version != self.refresh:
                moved = min(count, amount)
                self.counts[version] -= moved
                self.counts[self.refresh] += moved
                amount -= moved
        if self.build_left < 0:
            return False
        self._built_rest += self._build_rate * passed_us
        built, self._built_rest = divmod(self._built_rest, ONE)
        self.build_left -= min(self.build_left, built)
        if self.build_left:
            return False
        self.build_left = -1
        total = self.vectors
        self.counts = dict.fromkeys(self.counts, 0) | {self.refresh: total}
        return True

    def state(self) -> list[object]:
        """Return what defines it."""
        return [self.encoder, self.configured, self.pinned, self.refresh_rate, self.dual, self.served,
                list(self.counts.values()), self.build_left, self._rest, self._built_rest]  # fmt: skip
