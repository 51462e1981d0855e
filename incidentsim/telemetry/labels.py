"""Label sets: the identity of a series, as sorted tuples, shared by store, queries, alerts and logs.

A tuple of (name, value) pairs sorted by name is hashable, compares by value and has one order, so results
never depend on the order in which labels were written. The metric name is the label `__name__`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

Labels = tuple[tuple[str, str], ...]

NAME: Final = "__name__"
"""The label that holds the metric name, as in Prometheus."""

NAN: Final = float("nan")
"""The only NaN that is stored or digested, so that its bits are the same on every platform."""


def make_labels(labels: Mapping[str, str], name: str = "") -> Labels:
    """Return the sorted pairs of `labels`, with the metric name among them when given.

    An empty value is the same as no label, as in Prometheus.
    """
    pairs = [(key, value) for key, value in labels.items() if value != ""]
    if name:
        pairs.append((NAME, name))
    return tuple(sorted(pairs))


def without_name(labels: Labels) -> Labels:
    """Return `labels` without the metric name."""
    return tuple(pair for pair in labels if pair[0] != NAME)


def format_series(labels: Labels) -> str:
    """Return the series as Prometheus writes it, such as `up{instance="a",job="b"}`."""
    name = ""
    parts: list[str] = []
    for key, value in labels:
        if key == NAME:
            name = value
        else:
            escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            parts.append(f'{key}="{escaped}"')
    return f"{name}{{{','.join(parts)}}}" if parts or not name else name


def format_value(value: float) -> str:
    """Return a sample value as Prometheus prints it: shortest form, whole numbers without a point."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return repr(value)
