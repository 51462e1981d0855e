"""Makes the queries that `promql_agreement` asks both engines: every function over the families present.

Queries are drawn by key, so a list is the same every time. `<<x>>` stands for timestamp(x) on scenario time.
Ranges inside subqueries are shifted by half a second: Prometheus 2 counts a sample on a range's left end, and
subqueries step on whole seconds, where the samples are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchmarks.prometheus_host import BASE_S
from incidentsim.exact import Draws
from incidentsim.specs.metrics import METRICS
from incidentsim.telemetry import SeriesStore

FUNCTIONS_OF_RANGES = (
    "rate", "irate", "increase", "delta", "idelta", "deriv", "changes", "resets", "avg_over_time",
    "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "last_over_time",
    "present_over_time", "stddev_over_time", "stdvar_over_time", "absent_over_time",
)  # fmt: skip

NEWER = ("mad_over_time", "first_over_time", "ts_of_max_over_time", "ts_of_min_over_time",
         "ts_of_first_over_time", "ts_of_last_over_time")  # fmt: skip
"""Functions of Prometheus 3, most of them experimental there."""

FUNCTIONS_OF_VECTORS = ("abs", "ceil", "floor", "sgn", "sqrt", "exp", "ln", "log2", "log10", "deg", "rad")

_WRITTEN = r"""
# selectors
{any}
{{__name__=~"{prefix}.*"}}
{gauge} offset 1m
{gauge} offset -30s
{any} @ 300
{any} @ -60.5
{gauge} @ start()
{gauge} @ end() offset 2m
rate({counter}[2m] @ 600.5)
up{{job!="vllm"}}
up{{job=~"v.*|gateway"}}
up{{instance!~".*-[0-4]"}}
ALERTS{{alertstate="firing"}}
# aggregation
sum({any})
sum by ({label}) ({gauge})
avg by ({label}) ({gauge})
min without ({label}) ({any})
max by ({label}) (rate({counter}[5m]))
count by ({label}) ({any})
group by ({label}) ({any})
stddev by ({label}) ({gauge})
stdvar without ({label}) ({gauge})
stddev({counter})
quantile by ({label}) (0.9, {gauge})
quantile(0.5, rate({counter}[1m]))
quantile(1.5, {gauge})
topk(3, {any})
bottomk(2, rate({counter}[5m]))
topk by ({label}) (1, {gauge})
count_values("v", {gauge})
count_values by ({label}) ("v", {any})
count_values without ({label}) ("v", up)
sum without (engine, instance) (increase({counter}[5m]))
avg({counter} > 5)
sum by (nothing) ({any})
# histograms
histogram_quantile(0.95, sum by (le) (rate({hist}_bucket[5m])))
histogram_quantile(0.5, rate({hist}_bucket[2m]))
histogram_quantile(0.99, {hist}_bucket)
histogram_quantile(0.9, sum by (le, {hlabel}) (increase({hist}_bucket[1m])))
histogram_quantile(0, {hist}_bucket)
histogram_quantile(1, {hist}_bucket)
histogram_quantile(2, {hist}_bucket)
histogram_quantile(scalar(vector(0.75)), {hist}_bucket)
histogram_quantile(0.9, {hist}_bucket{{le!="+Inf"}})
rate({hist}_sum[5m]) / rate({hist}_count[5m])
sum(rate({hist}_sum[1m])) / sum(rate({hist}_count[1m]))
# arithmetic and comparison
{gauge} + 1
2 - {gauge}
{gauge} * {gauge}
{counter} / 60
{counter} % 7
{gauge} ^ 2
{gauge} ^ 0.5
2 ^ (-{gauge})
-{any}
{gauge} / 0
0 / {gauge}
1 / ({gauge} - {gauge})
{gauge} > 0.5
{any} <= bool 3
3 < {counter}
{gauge} == {gauge}
{gauge} != bool {gauge}
{gauge} >= bool {gauge2}
1 > bool 2
5 % 3 + 2 ^ 3
rate({counter}[5m]) > 0
vector(2) == bool 2
{any} < Inf
# matching
{gauge} and {gauge2}
{gauge} or {gauge2}
{gauge} unless {gauge2}
{gauge} > 1 or {gauge} < 0.5
{any} and on () vector(1)
{any} unless on ({label}) {gauge}
{counter} or on () vector(0)
{engine} * on (engine) {engine2}
{engine} / on (engine, model_name) {engine2}
{engine} - ignoring (nothing) {engine2}
{engine} > on (engine) {engine2}
{engine} <= bool ignoring (x) {engine2}
{engine} / on () group_left sum({engine2})
sum({engine2}) - on () group_right {engine}
{hist}_bucket / ignoring (le) group_left {hist}_count
{hist}_count / ignoring (le) group_right {hist}_bucket
slo_bad_requests_total / on (slo, tenant) slo_requests_total{{slo="ttft"}}
gateway_responses_total * on (tenant) group_left (slo) slo_requests_total{{slo="ttft"}}
{hist}_bucket / ignoring (le) {hist}_count
{any} + on (nothing) {any}
{engine} == on (engine) group_left (job) {engine2}
# functions
absent({any})
absent({any}{{{label}="nobody",x=~"y"}})
absent(sum({any} > 1e12))
absent_over_time(nothing{{a="b"}}[5m])
clamp({any}, 0.25, 10)
clamp({any}, 5, 1)
clamp_min({gauge}, 0.5)
clamp_max({counter}, 100)
clamp({gauge}, NaN, 1)
round({gauge})
round({gauge}, 0.25)
round(-{gauge}, 5)
round(rate({counter}[5m]), 0.001)
scalar({any})
scalar(sum({any}))
vector(scalar(sum({gauge})) * 2)
time()
vector(time() / 60)
pi() * vector(2)
time() - <<{any}>>
<<{gauge} offset 40s>>
<<({gauge} + 1)>>
<<{any} @ 120>>
sort({any})
sort_desc(rate({counter}[2m]))
label_replace({any}, "short", "$1", "{label}", ".*-(.*)")
label_replace({any}, "{label}", "", "{label}", ".+")
label_replace({gauge}, "x", "${{1}}y$2", "__name__", "(...)(.*)")
label_join({any}, "all", "/", "{label}", "none", "__name__")
label_join({any}, "{label}", "-")
predict_linear({gauge}[5m], 600)
predict_linear({counter}[2m] offset 1m, -60)
deriv({gauge}[10m])
quantile_over_time(0.9, {gauge}[5m])
quantile_over_time(-1, {gauge}[1m])
double_exponential_smoothing({gauge}[5m], 0.5, 0.3)
# subqueries
max_over_time(rate({counter}[1m] offset 500ms)[5m:30s])
avg_over_time({gauge}[3m:15s])
min_over_time(({gauge} > 0.5)[5m:])
quantile_over_time(0.5, sum({gauge})[4m:1m])
rate({counter}[5m:30s])
deriv(avg({gauge})[6m:30s] offset 1m)
increase(sum({counter})[5m:15s] @ 500.25)
sum_over_time(({any} > bool 1)[2m:20s])
changes({gauge}[5m:1m])
count_over_time(absent({any})[5m:1m])
max_over_time(avg_over_time({gauge}[1m:15s] offset 500ms)[5m:1m])
last_over_time(<<{gauge}>>[1m:10s])
min_over_time((0 / {gauge})[2m:15s])
max_over_time(time()[1m:10s])
max_over_time(vector(time())[1m:10s])
"""
"""One query a line; `{{` and `}}` are braces, the rest is filled in from the pools of `generated`."""

_TEMPLATES = (
    *(line for line in _WRITTEN.splitlines() if line and line[0] != "#"),
    *(f"{name}({{gauge}}[{{range}}])" for name in FUNCTIONS_OF_RANGES),
    *(f"{name}({{counter}}[{{range}}])" for name in FUNCTIONS_OF_RANGES),
    *(f"{name}({{gauge}})" for name in FUNCTIONS_OF_VECTORS),
    *(f"{name}({{any}} - 1)" for name in FUNCTIONS_OF_VECTORS),
    *(f"{name}({{gauge}}[{{range}}])" for name in NEWER),
)

ON_THE_EDGE = ("count_over_time", "sum_over_time", "min_over_time", "max_over_time", "avg_over_time", "changes",
               "resets", "irate", "idelta", "last_over_time", "present_over_time", "stddev_over_time")  # fmt: skip
"""Functions whose result depends on which samples are in the range, and not on its length."""

_RANGES = ("30s", "1m", "5m", "12m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question; `theirs` is its text for Prometheus, where T+0 is a Unix time."""

    ours: str
    theirs: str


def translated(template: str, *, old: bool) -> Query:
    """Return both texts of a query. `old` is for Prometheus 2."""
    theirs = template.replace("time()", f"(time() - {BASE_S})")
    theirs = theirs.replace("<<", "(timestamp(").replace(">>", f") - {BASE_S})")
    theirs = re.sub(r"@ (-?[\d.]+)", lambda match: f"@ {BASE_S + float(match[1]):.3f}", theirs)
    if old:
        theirs = theirs.replace("double_exponential_smoothing", "holt_winters")
    if template.startswith("ts_of_"):
        theirs = f"({theirs} - {BASE_S})"
    return Query(ours=template.replace("<<", "timestamp(").replace(">>", ")"), theirs=theirs)


def generated(store: SeriesStore, count: int, *, old: bool, seed: int = 1) -> list[Query]:
    """Return at least `count` different queries, going through all templates in turn."""
    draws = Draws(seed, "promql_agreement", "queries")
    families = [spec for spec in METRICS.values() if store.series(spec.name) or store.series(f"{spec.name}_count")]
    pools = {
        "gauge": [s.name for s in families if s.type == "gauge" and s.name not in ("up", "ALERTS")],
        "counter": [s.name for s in families if s.type == "counter"],
        "hist": [s.name for s in families if s.type == "histogram"],
        "engine": [s.name for s in families if s.labels == ("model_name", "engine") and s.type != "histogram"],
    }
    pools["any"] = [*pools["gauge"], *pools["counter"], *(f"{name}_count" for name in pools["hist"]), "up"]
    for kind, names in pools.items():
        if not names:
            raise ValueError(f"there is no {kind} among the recorded families; record a whole incident")
    pools["gauge2"], pools["engine2"] = pools["gauge"], pools["engine"]
    found: dict[str, None] = {}
    index = 0
    while len(found) < count or index < 2 * len(_TEMPLATES):
        chosen = {key: pool[draws.below(index * 16 + k, len(pool))] for k, (key, pool) in enumerate(pools.items())}
        template = _TEMPLATES[index % len(_TEMPLATES)]
        main = next((chosen[key] for key in ("any", "gauge", "counter", "engine") if f"{{{key}}}" in template), "up")
        texts = {
            **chosen,
            "range": _RANGES[draws.below(index * 16 + 14, len(_RANGES))],
            "prefix": chosen["any"][:5],
            "label": _label(store, main, draws.below(index * 16 + 15, 1 << 20)),
            "hlabel": _label(store, f"{chosen['hist']}_count", 0),
        }
        found[template.format(**texts)] = None
        index += 1
        if index > 60 * len(_TEMPLATES):
            break
    return [translated(text, old=old) for text in found]


def on_the_edge(store: SeriesStore, *, old: bool) -> list[Query]:
    """Return queries for moments at which a sample lies on the range's left end.

    Prometheus 2 counts that sample and Prometheus 3 does not, so the former is asked for 1 ms less.
    """
    found = []
    for number, name in enumerate(ON_THE_EDGE):
        metric = ("vllm:num_requests_running", "gateway_requests_total", "up")[number % 3]
        text = f"{name}({metric}[1m])"
        found.append(Query(ours=text, theirs=text.replace("[1m]", "[59s999ms]") if old else text))
    return found


def _label(store: SeriesStore, metric: str, draw: int) -> str:
    names = store.label_names(metric) or ["instance"]
    return names[draw % len(names)]
