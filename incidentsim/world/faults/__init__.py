"""Fault kinds, one module a family. `KINDS` maps each declared kind to the class that implements it."""

from __future__ import annotations

from typing import Final

from incidentsim.world.faults.base import Fault
from incidentsim.world.faults.caches import CacheKeyLeak, CacheKeyUnstable, CacheShardRestarts
from incidentsim.world.faults.data import BadBatch, FeatureDrift, LateData, SchemaChange
from incidentsim.world.faults.edge import BadRoute, CertExpired, LengthBlindRouting
from incidentsim.world.faults.guardrail import (
    CpuSteal,
    CredentialExpired,
    GuardrailBypass,
    GuardrailSlow,
    Overblocking,
    PoisonInput,
    PreprocessingLeak,
)
from incidentsim.world.faults.hardware import ClockThrottle, EccErrors, GpuLost, NcclHang, NodeLost, NoisyNeighbour
from incidentsim.world.faults.observability import (
    ClockSkew,
    LogStoreSlow,
    MetricRenamed,
    StaleGauge,
    TargetLost,
    XidHidden,
    XidSticky,
)
from incidentsim.world.faults.platform import RegistryThrottled, TelemetryAgentOverload, WebhookCertExpired
from incidentsim.world.faults.retrieval import IndexLag, MixedEmbeddings, PartitionDown, SlowReranker
from incidentsim.world.faults.rollout import (
    BadImage,
    BehaviourRegression,
    NumericCorruption,
    StartupOom,
    TemplateMismatch,
    TokenizerMismatch,
)
from incidentsim.world.faults.runtime import EngineHang
from incidentsim.world.faults.standing import Standing
from incidentsim.world.faults.tenant import (
    ContextGrowth,
    HistoryNotTrimmed,
    InjectionWave,
    LengthShift,
    PrefixBroken,
    RetryBug,
    RunawayAgent,
    TrafficSurge,
)

KINDS: Final[dict[str, type[Fault]]] = {
    "context_growth": ContextGrowth,
    "traffic_surge": TrafficSurge,
    "prefix_broken": PrefixBroken,
    "retry_bug": RetryBug,
    "length_shift": LengthShift,
    "history_not_trimmed": HistoryNotTrimmed,
    "runaway_agent": RunawayAgent,
    "injection_wave": InjectionWave,
    "cert_expired": CertExpired,
    "bad_route": BadRoute,
    "length_blind_routing": LengthBlindRouting,
    "unbounded_retries": Standing,
    "retries_on_4xx": Standing,
    "breaker_misconfigured": Standing,
    "no_budget": Standing,
    "cross_region_fallback": Standing,
    "clock_throttle": ClockThrottle,
    "gpu_lost": GpuLost,
    "ecc_errors": EccErrors,
    "nccl_hang": NcclHang,
    "noisy_neighbour": NoisyNeighbour,
    "node_lost": NodeLost,
    "engine_hang": EngineHang,
    "bad_image": BadImage,
    "startup_oom": StartupOom,
    "tokenizer_mismatch": TokenizerMismatch,
    "template_mismatch": TemplateMismatch,
    "behaviour_regression": BehaviourRegression,
    "numeric_corruption": NumericCorruption,
    "registry_throttled": RegistryThrottled,
    "webhook_cert_expired": WebhookCertExpired,
    "telemetry_agent_overload": TelemetryAgentOverload,
    "guardrail_credential_expired": CredentialExpired,
    "guardrail_slow": GuardrailSlow,
    "guardrail_bypass": GuardrailBypass,
    "guardrail_overblocking": Overblocking,
    "preprocessing_leak": PreprocessingLeak,
    "poison_input": PoisonInput,
    "cpu_steal": CpuSteal,
    "stale_gauge": StaleGauge,
    "metric_renamed": MetricRenamed,
    "target_lost": TargetLost,
    "xid_hidden": XidHidden,
    "xid_sticky": XidSticky,
    "clock_skew": ClockSkew,
    "log_store_slow": LogStoreSlow,
    "log_pipeline_tight": Standing,
    "trusts_stale_gauges": Standing,
    "schema_change": SchemaChange,
    "bad_batch": BadBatch,
    "late_data": LateData,
    "feature_drift": FeatureDrift,
    "contract_not_enforced": Standing,
    "partition_down": PartitionDown,
    "index_lag": IndexLag,
    "mixed_embeddings": MixedEmbeddings,
    "slow_reranker": SlowReranker,
    "cache_shard_restarts": CacheShardRestarts,
    "cache_key_leak": CacheKeyLeak,
    "cache_key_unstable": CacheKeyUnstable,
    "waiver_without_expiry": Standing,
    "length_blind_admission": Standing,
    "max_num_seqs_raised": Standing,
    "scaled_in": Standing,
    "hasty_scaling": Standing,
}
"""Every fault kind of `specs.faults`; a test proves that the two agree."""
