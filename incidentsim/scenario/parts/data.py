"""The data platform and the classic model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from incidentsim.scenario.fields import CleanText, Count, Duration, Id, Milli, PositiveDuration, Quantiles, Ratio
from incidentsim.scenario.parts.base import Model, Part


class FeaturePart(Model):
    """One feature. `weight`: its share in the model's information; all weights of a store add up to at most 1.

    `source`: the job that computes it, or `stream`. `missing`: its ordinary missing rate.
    """

    id: Id
    source: str = Field(max_length=40)
    weight: Ratio
    missing: Ratio = 4_000


class JobPart(Model):
    """A scheduled job, called `job.<id>`. `at` is one of its starts, relative to T+0; `every` its period."""

    id: Id
    about: CleanText = ""
    at: Duration
    every: PositiveDuration = 86_400_000_000
    takes: PositiveDuration = 240_000_000
    rows: Count = 2_000_000


class PipelinePart(Part):
    """The data platform. Comes with its jobs and the feature store.

    `events` per second arrive on `partitions`; one consumer takes `event_time` for each.
    """

    kind: Literal["pipeline"] = "pipeline"
    topic: Id = "user-events"
    partitions: int = Field(default=4, ge=1, le=16)
    events: Milli = 1_200_000
    event_time: PositiveDuration = 1_000
    jobs: tuple[JobPart, ...] = Field(min_length=1, max_length=8)
    features: tuple[FeaturePart, ...] = Field(min_length=1, max_length=24)

    @model_validator(mode="after")
    def _sources_exist(self) -> PipelinePart:
        known = ["stream", *(job.id for job in self.jobs)]
        for feature in self.features:
            if feature.source not in known:
                raise ValueError(f"feature {feature.id}: source {feature.source!r} is none of {', '.join(known)}")
        total = sum(feature.weight for feature in self.features)  # exact: ints
        if total > 1_000_000:
            raise ValueError(f"the features' weights add up to {total / 1_000_000:g}; at most 1")
        return self

    def children(self) -> dict[str, str]:
        """Return its jobs and the feature store."""
        return {f"job.{job.id}": "job" for job in self.jobs} | {"feature-store": "feature-store"}


class RankerPart(Part):
    """The classic model. Confidence of a healthy model by quantiles; shares of bad decisions in ppm.

    `defects`: of a healthy model; `blind_defects`: of a model without any information; `rule_defects`: of the rule.
    """

    kind: Literal["ranker"] = "ranker"
    service_time: PositiveDuration = 9_000
    confidence: Quantiles = ((0, 150_000), (50_000, 480_000), (500_000, 820_000), (1_000_000, 990_000))
    defects: Ratio = 30_000
    blind_defects: Ratio = 600_000
    rule_defects: Ratio = 160_000
