"""Retrieval: its indexes, its encoder, its documents."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from incidentsim.scenario.fields import CleanText, Count, Milli, PositiveDuration, Ratio
from incidentsim.scenario.parts.base import Part


class RetrievalPart(Part):
    """What a stack has for retrieval; its shards are the components `shard-0` and so on, so there is one a stack.

    A tenant's vectors lie in `tenant_shards` shards. New documents come at `documents` a second and a consumer
    indexes `consumer_rate`. `fresh_share` of the questions are about documents no older than `fresh_window`
    (evenly), of which `updated_share` replace an older version. `snapshot_age` is the age at T+0 of the copy of
    the dense index that can be served instead of the live one; `build_rate` how many vectors a second a rebuild
    makes.
    """

    kind: Literal["retrieval"] = "retrieval"
    shards: int = Field(default=4, ge=1, le=16)
    tenant_shards: int = Field(default=1, ge=1, le=4)
    vectors: int = Field(default=6_000_000, ge=1_000, le=10_000_000_000)
    dimensions: int = Field(default=1_024, ge=16, le=8_192)
    encoder: CleanText = "bge-m3@v1"
    next_encoder: CleanText = "bge-m3@v2"
    encoder_workers: Count = 8
    rerank_workers: Count = 8
    passage_tokens: int = Field(default=160, ge=1, le=2_000)
    documents: Milli = 40_000
    consumer_rate: Milli = 30_000
    fresh_share: Ratio = 200_000
    fresh_window: PositiveDuration = 3_600_000_000
    updated_share: Ratio = 700_000
    snapshot_age: PositiveDuration = 21_600_000_000
    build_rate: Count = 800

    def children(self) -> dict[str, str]:
        """Return its shards."""
        return {f"shard-{number}": "shard" for number in range(self.shards)}
