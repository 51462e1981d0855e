"""Faults of the answer cache."""

from __future__ import annotations

from typing import Final, cast

from incidentsim.world.faults.base import Fault
from incidentsim.world.stack.stages.response_cache import ResponseCache

_ONE: Final = 1_000_000


class _OfCache(Fault):
    @property
    def cache(self) -> ResponseCache:
        """The cache it hits."""
        return cast(ResponseCache, self.stack.components[self.component])


class CacheShardRestarts(_OfCache):
    """Shards lose what they hold, each time it comes."""

    def apply(self, strength_ppm: int) -> None:
        """Restart the shards."""
        if strength_ppm > 0:
            self.cache.restart_shards(self.params["shards"])


class CacheKeyLeak(_OfCache):
    """Hits that belong to others."""

    def apply(self, strength_ppm: int) -> None:
        """Set their share."""
        self.cache.leak_ppm = self.params["share"] * strength_ppm // _ONE


class CacheKeyUnstable(_OfCache):
    """Keys that are never found again."""

    def apply(self, strength_ppm: int) -> None:
        """Switch it."""
        self.cache.unstable = strength_ppm > 0
