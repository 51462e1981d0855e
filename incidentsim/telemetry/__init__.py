"""Signals: instruments, scraped series, PromQL, logs, traces and alert rules. Knows nothing of the world.

The world owns one of each store and fills them; sessions, screens, policies and lint read them.
"""

from incidentsim.telemetry.alerts import AlertStatus, RuleSet, Transition
from incidentsim.telemetry.labels import Labels, format_series, format_value, make_labels
from incidentsim.telemetry.logfilter import Filter, compile_filter
from incidentsim.telemetry.logs import LEVELS, LogRecord, LogStore, Selection, as_json, as_logfmt
from incidentsim.telemetry.promql import PromQL, RangeSeries, Sample, unknown_metrics
from incidentsim.telemetry.registry import Counter, Gauge, Histogram, Registry
from incidentsim.telemetry.spans import SpanStore, Trace, TraceSpan
from incidentsim.telemetry.store import Series, SeriesStore

__all__ = [
    "LEVELS",
    "AlertStatus",
    "Counter",
    "Filter",
    "Gauge",
    "Histogram",
    "Labels",
    "LogRecord",
    "LogStore",
    "PromQL",
    "RangeSeries",
    "Registry",
    "RuleSet",
    "Sample",
    "Selection",
    "Series",
    "SeriesStore",
    "SpanStore",
    "Trace",
    "TraceSpan",
    "Transition",
    "as_json",
    "as_logfmt",
    "compile_filter",
    "format_series",
    "format_value",
    "make_labels",
    "unknown_metrics",
]
