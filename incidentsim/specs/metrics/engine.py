"""Metrics of the inference engines, under vLLM's names."""

from __future__ import annotations

from incidentsim.specs.metrics.base import (
    ENGINE,
    ITL_BUCKETS_US,
    REQUEST_BUCKETS_US,
    TOKEN_BUCKETS,
    TTFT_BUCKETS_US,
    vllm,
)

ENGINE_METRICS = (
    vllm("num_requests_running", "gauge", "Sequences in the running batch."),
    vllm("num_requests_waiting", "gauge", "Requests waiting in the engine."),
    vllm("kv_cache_usage_perc", "gauge", "Share of KV blocks in use, 0 to 1."),
    vllm("gpu_cache_usage_perc", "gauge", "Share of KV blocks in use, under its name before vLLM V1."),
    vllm("num_preemptions_total", "counter", "Sequences preempted for lack of KV blocks, recomputed later."),
    vllm("prompt_tokens_total", "counter", "Prompt tokens processed, cached and recomputed ones among them.", "tokens"),
    vllm("prefix_cache_queries_total", "counter", "Prompt tokens looked up in the prefix cache.", "tokens"),
    vllm("prefix_cache_hits_total", "counter", "Of those, tokens that were found there.", "tokens"),
    vllm("generation_tokens_total", "counter", "Tokens generated.", "tokens"),
    vllm("request_success_total", "counter", "Finished requests.", labels=(*ENGINE, "finished_reason")),
    vllm("time_to_first_token_seconds", "histogram", "From arrival in the engine to the first token.", "seconds",
          buckets=TTFT_BUCKETS_US),
    vllm("inter_token_latency_seconds", "histogram", "Mean time between output tokens of a request.", "seconds",
          buckets=ITL_BUCKETS_US),
    vllm("e2e_request_latency_seconds", "histogram", "From arrival in the engine to the last token.", "seconds",
          buckets=REQUEST_BUCKETS_US),
    vllm("request_queue_time_seconds", "histogram", "Time in the engine's waiting queue.", "seconds",
          buckets=REQUEST_BUCKETS_US),
    vllm("request_prompt_tokens", "histogram", "Prompt tokens per request.", "tokens", buckets=TOKEN_BUCKETS),
    vllm("request_generation_tokens", "histogram", "Output tokens per request.", "tokens",
          buckets=TOKEN_BUCKETS),
)  # fmt: skip
"""The families of this module."""
