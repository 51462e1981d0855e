"""Who uses a stack, and what they were promised: tenants with their clients, service-level objectives."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from incidentsim.scenario.fields import (
    CleanText,
    Count,
    Duration,
    Id,
    Limit,
    Milli,
    PositiveDuration,
    Quantiles,
    Ratio,
)
from incidentsim.scenario.parts.base import Model


class Client(Model):
    """How a tenant's SDK behaves. `patience`: longest wait for the first token; `attempts`: tries in all."""

    attempts: int = Field(default=1, ge=1, le=20)
    patience: PositiveDuration = 20_000_000
    deadline: PositiveDuration = 120_000_000
    backoff: PositiveDuration = 500_000
    backoff_factor: Ratio = 2_000_000
    jitter: Ratio = 500_000


class Workload(Model):
    """A tenant's ordinary demand: arrivals per second (Poisson, slowly breathing) and token lengths.

    `routes` are shares of the stack's routes by id; without them all requests take the first. `sessions` is the
    number of users with a session of their own: a request belongs to one of them, and sends its conversation's
    earlier turns again as part of its prompt; beyond `history` tokens of them it begins a new one. `template`
    tokens begin each prompt, the same for all requests of the tenant. `diurnal` is how far the rate swings with the
    time of day around `peak`; in bursts of mean `burst_lasts`, one about every `burst_every`, it is `burst` times
    as high.
    """

    rate: Milli
    breathing: Ratio = 80_000
    diurnal: Ratio = Field(default=0, le=1_000_000)
    peak: Duration = 0
    burst: Ratio = 1_000_000
    burst_every: PositiveDuration = 600_000_000
    burst_lasts: PositiveDuration = 60_000_000
    routes: dict[Id, Ratio] = Field(default_factory=dict, max_length=8)
    sessions: Count = 0
    history: Count = 0
    template: Count = 0
    prompt: Quantiles
    output: Quantiles
    max_tokens: Count = 1_024


class Tenant(Model):
    """A customer. `token_limit` and `request_limit` are the contract's, per minute.

    `region` is where its users are; `resident`: by contract its requests must not leave that region.
    """

    id: Id
    about: CleanText = ""
    priority: Literal["interactive", "standard", "batch"] = "standard"
    token_limit: Limit = -1
    request_limit: Limit = -1
    region: str = Field(default="", max_length=20)
    resident: bool = False
    workload: Workload
    client: Client = Client()


class Slo(Model):
    """A service-level objective over user requests, first attempt to last.

    `ttft`: bad when it failed or its first token came later than `threshold`. `availability`: bad when it
    failed. Judged where they happen: `quality` (answered, but wrong, ungrounded or garbled), `safety` (an attack
    got through, or an honest request was blocked), `residency` (served outside its contract's region),
    `privacy` (another tenant's data shown).
    """

    id: Id
    title: CleanText
    kind: Literal["ttft", "availability", "quality", "safety", "residency", "privacy"]
    threshold: PositiveDuration = 2_500_000
    objective: Ratio
    weight: Milli = 1_000
