"""The answer cache."""

from __future__ import annotations

from typing import Literal

from incidentsim.scenario.fields import Count, PositiveDuration, Ratio
from incidentsim.scenario.parts.base import Part


class ResponseCachePart(Part):
    """An answer cache. `repeated`: share of a tenant's requests that ask one of its `questions` common questions.

    Popularity falls with the square: of n questions, the first half of the draws goes to a quarter of them. `lookup`
    is the time of one look. It begins warm: popular questions were answered before.
    """

    kind: Literal["response-cache"] = "response-cache"
    repeated: Ratio = 450_000
    questions: Count = 4_000
    shards: int = 4
    lookup: PositiveDuration = 1_500
