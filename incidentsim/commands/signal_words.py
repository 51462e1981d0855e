"""Completion inside a PromQL expression and inside a log filter: the word under the cursor and its offers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from incidentsim.commands.items import CompletionItem
from incidentsim.specs.metrics import METRICS, MetricSpec
from incidentsim.specs.vocabulary import Vocabulary

FUNCTIONS: dict[str, str] = {
    "rate": "per-second increase of a counter over a window",
    "increase": "increase of a counter over a window",
    "histogram_quantile": "a quantile from `_bucket` series: histogram_quantile(0.95, sum by (le) (rate(…)))",
    "irate": "per-second increase between the last two samples",
    "delta": "change of a gauge over a window",
    "avg_over_time": "mean over a window",
    "max_over_time": "maximum over a window",
    "min_over_time": "minimum over a window",
    "sum_over_time": "sum over a window",
    "count_over_time": "number of samples in a window",
    "last_over_time": "last sample in a window",
    "quantile_over_time": "quantile over a window: quantile_over_time(0.95, …[5m])",
    "absent": "1 when there is no such series",
    "abs": "absolute value",
    "ceil": "rounded up",
    "floor": "rounded down",
    "round": "rounded to the nearest: round(…, 0.1)",
    "clamp": "kept between two bounds",
    "clamp_min": "at least",
    "clamp_max": "at most",
    "sort": "smallest first",
    "sort_desc": "largest first",
    "label_replace": "a label made from another by a pattern",
    "scalar": "the value of a single series",
    "vector": "a series from a number",
    "time": "seconds of scenario time",
    "timestamp": "when each sample was taken",
    "deriv": "slope per second of a gauge, by least squares",
    "predict_linear": "where the trend leads: predict_linear(…[10m], 600)",
    "idelta": "difference between the last two samples",
    "changes": "how often the value changed",
    "resets": "how often a counter fell back",
    "stddev_over_time": "standard deviation over the window",
    "stdvar_over_time": "variance over the window",
    "mad_over_time": "median distance from the median in the window",
    "present_over_time": "1 if there is any sample in the window",
    "first_over_time": "first sample in the window",
    "absent_over_time": "1 if the window is empty",
    "ts_of_max_over_time": "when the largest value was last reached",
    "ts_of_min_over_time": "when the smallest value was last reached",
    "ts_of_first_over_time": "when the first sample in the window was taken",
    "ts_of_last_over_time": "when the last sample in the window was taken",
    "double_exponential_smoothing": "smoothed value with its trend, two factors from 0 to 1",
    "label_join": "a label made from several others",
    "sgn": "sign: 1, 0 or -1",
    "sqrt": "square root",
    "exp": "e to the power of",
    "ln": "natural logarithm",
    "log2": "logarithm to base 2",
    "log10": "logarithm to base 10",
    "deg": "degrees from radians",
    "rad": "radians from degrees",
    "pi": "the number pi",
}
"""Every PromQL function that telemetry evaluates, with help, the more useful first."""

AGGREGATIONS: dict[str, str] = {
    "sum": "add over series",
    "avg": "mean over series",
    "max": "largest over series",
    "min": "smallest over series",
    "count": "number of series",
    "topk": "the k largest series: topk(5, …)",
    "bottomk": "the k smallest series",
    "quantile": "a quantile over series: quantile(0.9, …)",
    "stddev": "standard deviation over series",
    "stdvar": "variance over series",
    "group": "1 for each group",
    "count_values": 'series per value: count_values("value", …)',
}
"""Every aggregation operator that telemetry evaluates; `by (…)` or `without (…)` follows."""

LEVELS = ("debug", "info", "warn", "error", "fatal")
"""Levels of log lines, from harmless to fatal."""

_KEYWORDS = ("by", "without", "and", "or", "unless", "on", "ignoring", "group_left", "offset", "bool")
_WINDOWS = ("30s", "1m", "2m", "5m", "10m")

_IDENTIFIER = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*$")
_OPEN_BRACES = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)?\s*\{([^{}]*)$")
_LABEL_VALUE = re.compile(r"([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*([\"'`])((?:(?!\3).)*)$")
_LABEL_LIST = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^()]*)$", re.IGNORECASE)
_WINDOW = re.compile(r"\[\s*(\w*)$")
_BUCKET_SUFFIXES = ("_bucket", "_sum", "_count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """`typed` is the part of the text, at its end, that an item replaces."""

    typed: str
    items: tuple[CompletionItem, ...]


def promql_words(left: str, vocabulary: Vocabulary) -> Words:
    """Return the offers at the end of `left`, the part of a PromQL expression before the cursor."""
    if left[:1] in ("'", '"'):
        left = left[1:]  # no valid expression begins with a string: the whole is quoted
    window = _WINDOW.search(left)
    if window:
        items = (CompletionItem(text=text, help="window", kind="duration") for text in _WINDOWS)
        return Words(typed=window[1], items=tuple(items))
    braces = _open_braces(left)
    if braces:
        metric, inside = braces[1] or "", braces[2]
        value = _LABEL_VALUE.search(inside)
        if value and _in_string(inside):
            typed = value[4].rpartition("|")[2] if "~" in value[2] else value[4]
            return Words(typed=typed, items=tuple(_label_values(value[1], vocabulary)))
        typed = _identifier_at_end(inside)
        if not typed and inside.rstrip()[-1:] not in ("", ","):
            return Words(typed="", items=())
        return Words(typed=typed, items=tuple(_label_names(metric, vocabulary)))
    labels = _LABEL_LIST.search(left)
    if labels:
        return Words(typed=_identifier_at_end(labels[1]), items=tuple(_label_names("", vocabulary)))
    return Words(typed=_identifier_at_end(left), items=tuple(_expression_words(vocabulary)))


def filter_words(left: str, vocabulary: Vocabulary) -> Words:
    """Return the offers at the end of `left`, the part of a log filter before the cursor."""
    word = re.split(r"\s", left)[-1]
    typed = word[1:] if word[:1] in ("-", "!") else word
    offers: list[CompletionItem] = []
    values = {
        "svc:": vocabulary.services,
        "tenant:": vocabulary.tenants,
        "host:": tuple(dict.fromkeys((*vocabulary.labels.get("Hostname", ()), *vocabulary.replicas))),
        "level>=": LEVELS,
        "trace:": (),
    }
    for key, names in values.items():
        if not typed.startswith(key):
            offers.append(CompletionItem(text=key, help=_FILTER_HELP[key], kind="filter"))
        if typed.startswith(key) or (typed and key.startswith(typed)):
            offers += [CompletionItem(text=key + _quoted(name), kind="filter") for name in names]
    return Words(typed=typed, items=tuple(offers))


_FILTER_HELP = {
    "svc:": "lines of one service",
    "tenant:": "lines about one tenant",
    "host:": "lines of one host",
    "level>=": "lines of this level or above",
    "trace:": "lines of one request",
}


def _quoted(name: str) -> str:
    return f'"{name}"' if re.search(r"\s", name) else name


def _open_braces(left: str) -> re.Match[str] | None:
    """Find the innermost brace that is still open; a brace inside a string is none."""
    blanked = re.sub(r"\"[^\"]*\"|'[^']*'|`[^`]*`", lambda m: "." * len(m[0]), left)
    if blanked.rfind("{") <= blanked.rfind("}"):
        return None
    brace = blanked.rfind("{")
    name = _IDENTIFIER.search(left[:brace].rstrip())
    start = name.start() if name else brace
    return re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)?\s*\{(.*)$", re.DOTALL).match(left, start)


def _in_string(inside: str) -> bool:
    quote = ""
    for char in inside:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'`":
            quote = char
    return bool(quote)


def _identifier_at_end(text: str) -> str:
    match = _IDENTIFIER.search(text)
    return match[0] if match else ""


def _spec_of(metric: str) -> MetricSpec | None:
    """Return the family of a series name, `_bucket`, `_sum` and `_count` of histograms among them."""
    spec = METRICS.get(metric)
    for suffix in _BUCKET_SUFFIXES:
        if spec is None and metric.endswith(suffix):
            spec = METRICS.get(metric.removesuffix(suffix))
    return spec


def _label_names(metric: str, vocabulary: Vocabulary) -> Iterable[CompletionItem]:
    spec = _spec_of(metric)
    own = spec.labels if spec else ()
    bucket = ("le",) if metric.endswith("_bucket") or not metric else ()
    for name in dict.fromkeys((*own, *bucket, *(() if own else vocabulary.labels))):
        known = vocabulary.labels.get(name, ())
        yield CompletionItem(text=name, help=", ".join(known[:4]), kind="label")


def _label_values(label: str, vocabulary: Vocabulary) -> Iterable[CompletionItem]:
    for value in vocabulary.labels.get(label, ()):
        yield CompletionItem(text=value, help=label, kind="label value")


def _expression_words(vocabulary: Vocabulary) -> Iterable[CompletionItem]:
    for name in vocabulary.metrics:
        spec = _spec_of(name)
        if spec is None:
            yield CompletionItem(text=name, kind="metric")
        else:
            unit = f" in {spec.unit}" if spec.unit else ""
            yield CompletionItem(text=name, help=f"{spec.type}{unit}: {spec.help}", kind="metric")
    for name, text in AGGREGATIONS.items():
        yield CompletionItem(text=name, help=text, kind="aggregation")
    for name, text in FUNCTIONS.items():
        yield CompletionItem(text=name, help=text, kind="function")
    for name in _KEYWORDS:
        yield CompletionItem(text=name, kind="keyword")
