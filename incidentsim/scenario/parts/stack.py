"""A whole stack: a reusable topology that scenarios name."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from incidentsim.scenario.fields import CleanText, Id, KnobMap, PositiveDuration, Ratio, Trade
from incidentsim.scenario.parts.base import Model, Part
from incidentsim.scenario.parts.caches import ResponseCachePart
from incidentsim.scenario.parts.data import PipelinePart, RankerPart
from incidentsim.scenario.parts.demand import Slo, Tenant
from incidentsim.scenario.parts.edge import RoutePart
from incidentsim.scenario.parts.guardrail import GuardrailPart, PreprocessingPart
from incidentsim.scenario.parts.platform import ControlPlanePart, RegistryPart
from incidentsim.scenario.parts.quality import QualityPart
from incidentsim.scenario.parts.retrieval import RetrievalPart
from incidentsim.scenario.parts.serving import AutoscalerPart, PoolPart

ComponentPart = Annotated[
    ControlPlanePart
    | GuardrailPart
    | PipelinePart
    | PreprocessingPart
    | RankerPart
    | RegistryPart
    | RetrievalPart
    | ResponseCachePart
    | QualityPart,
    Field(discriminator="kind"),
]  # fmt: skip
"""A component that not every stack has, told apart by its `kind`."""

Metric = Annotated[str, Field(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]{0,100}$")]
"""A metric's name."""


class ObservabilityPart(Model):
    """How the stack is watched; `knobs` are further starting knobs of the component.

    `chatter` multiplies the routine lines that `access_log_sampling` lets through. It is no knob and no state of the
    world: level presets set it, so that two levels differ in what hides a line and in nothing else.

    `names`: metrics that the engines' image exposes under an older name, which is the one that dashboards, router
    and autoscaler were set up to read, such as `vllm:kv_cache_usage_perc: vllm:gpu_cache_usage_perc`.
    """

    scrape_interval: PositiveDuration = 5_000_000
    rule_interval: PositiveDuration = 15_000_000
    access_log_sampling: Ratio = 50_000
    trace_sampling: Ratio = 20_000
    chatter: Ratio = 1_000_000
    names: dict[Metric, Metric] = Field(default_factory=dict, max_length=8)
    knobs: KnobMap = Field(default_factory=dict)


class Stack(Model):
    """A reusable topology. `alert_rules` is a Prometheus rule file's content, parsed.

    Without `routes` there is one, `chat`, without stages, to the first pool. `tenants` and `slos` are those of
    scenarios that write none: ordinary demand under which the stack is healthy. `trades` are the second words of
    its customers' made-up names (`care`: Goodwin Care), dealt anew in every session: write words that fit all of them.
    """

    id: Id
    title: CleanText
    gateway: Part
    router: Part
    routes: tuple[RoutePart, ...] = Field(default=(), max_length=8)
    pools: tuple[PoolPart, ...] = Field(min_length=1, max_length=8)
    autoscaler: AutoscalerPart
    autoscalers: tuple[AutoscalerPart, ...] = Field(default=(), max_length=8)
    components: tuple[ComponentPart, ...] = Field(default=(), max_length=32)
    tenants: tuple[Tenant, ...] = Field(default=(), max_length=32)
    trades: tuple[Trade, ...] = Field(default=(), max_length=32)
    slos: tuple[Slo, ...] = Field(default=(), max_length=16)
    observability: ObservabilityPart = ObservabilityPart()
    alert_rules: dict[str, Any] = Field(default_factory=dict)
    diagram: CleanText = ""

    def all_routes(self) -> tuple[RoutePart, ...]:
        """Return the routes, the default one where none is written."""
        return self.routes or (RoutePart(id="chat", pools=(self.pools[0].id,)),)

    def all_autoscalers(self) -> tuple[tuple[AutoscalerPart, str], ...]:
        """Return every autoscaler with the id of its pool."""
        first = self.pools[0].id
        return tuple((part, part.pool or first) for part in (self.autoscaler, *self.autoscalers))
