"""Which metrics a query mentions, and by which labels it slices them."""

from __future__ import annotations

import pytest

from incidentsim.scoring.promql_names import family, metrics_in

CASES = [
    ("up", {"up": ()}),
    ("vllm:num_requests_waiting", {"vllm:num_requests_waiting": ()}),
    ("sum by (tenant) (rate(gateway_tokens_total[1m]))", {"gateway_tokens_total": ("tenant",)}),
    ("sum(rate(gateway_tokens_total[5m:10s])) by (tenant, code)",
     {"gateway_tokens_total": ("tenant", "code")}),
    ('gateway_requests_total{tenant="acme", code!="200"}', {"gateway_requests_total": ("tenant", "code")}),
    ('{__name__="up", job=~"a|b"}', {"up": ("job",)}),
    ("sum without (engine) (vllm:kv_cache_usage_perc)", {"vllm:kv_cache_usage_perc": ()}),
    (
        "histogram_quantile(.99, sum by (le, tenant) (rate(gateway_time_to_first_token_seconds_bucket[1m])))",
        {"gateway_time_to_first_token_seconds": ("le", "tenant")},
    ),
    ("slo_bad_requests_total / on (slo) group_left (tenant) slo_requests_total",
     {"slo_bad_requests_total": (), "slo_requests_total": ()}),
    ("topk(3, sum by (pod) (x)) + max(y) by (gpu) > bool 2 and z offset 5m",
     {"x": ("pod",), "y": ("gpu",), "z": ()}),
    ('label_replace(up, "tenant", "$1", "gateway_tokens_total", "(.*)")', {"up": ()}),
    ("SUM BY (a) (b) # c_total", {"b": ("a",)}),
    ("rate(up[1m]) or sum by (job) (up)", {"up": ("job",)}),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "expected"), CASES)
def test_metrics_and_slices(expression: str, expected: dict[str, tuple[str, ...]]) -> None:
    """Names are metrics unless they are functions, keywords, labels, strings or comments; `by` and matchers
    slice."""
    assert metrics_in(expression) == expected


@pytest.mark.parametrize("expression", ["", "sum(", "sum by (", "x{a=", "a[", ")))", "{", "1 + 2", 'sum by (a) (b{c="'])
def test_a_broken_expression_is_read_as_far_as_it_goes(expression: str) -> None:
    """No text makes the tokenizer fail: it was written for queries that have already been evaluated."""
    metrics_in(expression)


def test_series_of_a_histogram_are_its_family() -> None:
    """A suffix is taken off only where the rest is a known histogram."""
    assert family("vllm:time_to_first_token_seconds_bucket") == "vllm:time_to_first_token_seconds"
    assert family("kafka_lag_sum") == "kafka_lag_sum"
    assert family("DCGM_FI_DEV_XID_ERRORS_count") == "DCGM_FI_DEV_XID_ERRORS_count"
