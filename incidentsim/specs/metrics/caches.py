"""Metrics of the answer cache, under the names of the Redis exporter where it has them."""

from __future__ import annotations

from incidentsim.specs.metrics.base import own

CACHE_METRICS = (
    own("redis_keyspace_hits_total", "counter", "Looks that found an answer.", labels=("cache",),
        source="redis_exporter"),
    own("redis_keyspace_misses_total", "counter", "Looks that found none.", labels=("cache",), source="redis_exporter"),
    own("redis_db_keys", "gauge", "Answers kept.", labels=("cache",), source="redis_exporter"),
    own("response_cache_coalesced_total", "counter", "Questions that waited for the same one under way.",
        labels=("cache",)),
    own("response_cache_key_mismatch_total", "counter", "Answers whose stored owner differs from the asking tenant, as "
        "found by the sampled integrity check.", labels=("cache",)),
)  # fmt: skip
"""The families of this module."""
