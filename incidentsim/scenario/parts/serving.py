"""Pools of replicas and what scales them."""

from __future__ import annotations

from pydantic import Field

from incidentsim.scenario.fields import CleanText, Count, Id, Milli, PositiveDuration, Ratio
from incidentsim.scenario.parts.base import Part


class PoolPart(Part):
    """A pool of replicas of one model. `region` is empty where the stack has only one.

    A replica is a tensor-parallel group of `gpus_per_replica` GPUs on one host; the quota and the price count GPUs.
    `step_model` is a measured one, for its card and number of cards: llama3_8b_a100_tp1, llama3_8b_h100_tp1,
    llama3_70b_a100_tp4, llama3_70b_h100_tp4, llama3_70b_h100_tp8.
    `collective_timeout` is how long NCCL's watchdog lets a collective wait before it ends the process.
    `image`, `weights`, `tokenizer` and `template` are the revisions its pods start with. `load_time` is a start
    from a disk that holds the weights; where the stack has a registry, a start is the fetching and `warm_up`.
    `other_gpu_memory`: share of each card that other processes hold.
    `dollars_per_million_tokens` is what a provider charges for a pool that is not paid by the GPU-hour.
    `weaker` is the share of answers that are bad because the model is smaller than the best.
    """

    model_name: CleanText
    step_model: str
    image: CleanText = "vllm-openai:v0.11.0"
    weights: CleanText = "r1"
    tokenizer: CleanText = "r1"
    template: CleanText = "r1"
    gpu: CleanText = "A100-SXM4-80GB"
    gpu_quota: Count = 10
    gpus_per_replica: int = Field(default=1, ge=1, le=8)
    provision_time: PositiveDuration = 240_000_000
    load_time: PositiveDuration = 75_000_000
    warm_up: PositiveDuration = 15_000_000
    other_gpu_memory: Ratio = 0
    dollars_per_gpu_hour: Milli = 3_670
    dollars_per_million_tokens: Milli = 0
    weaker: Ratio = 0
    roll_parallel: int = Field(default=2, ge=1, le=16)
    collective_timeout: PositiveDuration = 600_000_000
    region: str = Field(default="", max_length=20)


class AutoscalerPart(Part):
    """What scales one pool; the first pool when `pool` is empty."""

    pool: Id | None = None
