"""Retrieval: the stage, its dense and sparse indexes, its golden questions. `stage.Retrieval` holds them together."""

from __future__ import annotations

from incidentsim.world.stack.retrieval.shard import Shard
from incidentsim.world.stack.retrieval.stage import Retrieval

__all__ = ["Retrieval", "Shard"]
