"""PromQL over the scraped store: the reference grammar, with Prometheus' evaluation rules.

Used by screens, by `query` commands, by alert rules and by conditions in scenarios.
"""

from incidentsim.telemetry.promql.aggregation import AGGREGATIONS
from incidentsim.telemetry.promql.calls import FUNCTIONS
from incidentsim.telemetry.promql.engine import LOOKBACK_US, PromQL, unknown_metrics
from incidentsim.telemetry.promql.values import RangeSeries, Sample

__all__ = ["AGGREGATIONS", "FUNCTIONS", "LOOKBACK_US", "PromQL", "RangeSeries", "Sample", "unknown_metrics"]
