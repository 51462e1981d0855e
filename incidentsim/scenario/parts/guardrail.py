"""Guardrail and preprocessing: what requests pass before a model."""

from __future__ import annotations

from typing import Literal

from incidentsim.scenario.fields import Count, PositiveDuration, Quantiles, Ratio
from incidentsim.scenario.parts.base import Part


class GuardrailPart(Part):
    """Classifiers before the model. Scores are ppm of certainty that a request is an attack.

    `service_time` is one classification, `per_1k_tokens` what a thousand prompt tokens add. `complies`: share of
    attacks that succeed when a model gets to see them.
    """

    kind: Literal["guardrail"] = "guardrail"
    service_time: PositiveDuration = 14_000
    per_1k_tokens: PositiveDuration = 4_000
    review_time: PositiveDuration = 90_000_000
    honest_scores: Quantiles = (
        (0, 0), (500_000, 20_000), (950_000, 150_000), (990_000, 400_000), (999_500, 700_000), (1_000_000, 850_000),
    )  # fmt: skip
    hostile_scores: Quantiles = ((0, 300_000), (50_000, 700_000), (500_000, 930_000), (1_000_000, 1_000_000))
    complies: Ratio = 600_000


class PreprocessingPart(Part):
    """Workers before the model, all on one host. Memory in MiB; `restart_time` after the kernel killed a worker.

    `host_memory` is what the host has for all of them together; 0 = more than they can use.
    """

    kind: Literal["preprocessing"] = "preprocessing"
    service_time: PositiveDuration = 6_000
    per_1k_tokens: PositiveDuration = 5_000
    base_memory: Count = 420
    host_memory: Count = 0
    restart_time: PositiveDuration = 25_000_000
    recycle_time: PositiveDuration = 8_000_000
