"""Routes: which stages and pools a kind of request passes."""

from __future__ import annotations

from pydantic import Field

from incidentsim.scenario.fields import CleanText, Id, Ratio
from incidentsim.scenario.parts.base import Part


class RoutePart(Part):
    """One kind of request, called `route.<id>` as a component.

    It passes `stages` (ids of components) in their order, then waits for one of `pools`: the first serves it,
    the others are where a fallback may send it, or one in the tenant's region. `canary`, one of them, gets the
    share that the knob says and nothing else. Without pools it ends after its last stage. `cached_answers` is the
    share of requests for which a cached answer exists (about 20 % in production question answering, Portkey 2023).
    """

    path: CleanText = "/v1/chat/completions"
    stages: tuple[Id, ...] = Field(default=(), max_length=8)
    pools: tuple[Id, ...] = Field(default=(), max_length=8)
    canary: str = Field(default="", max_length=40)
    cached_answers: Ratio = 200_000
