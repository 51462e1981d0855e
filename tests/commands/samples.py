"""A vocabulary with every kind of name, awkward ones among them, and strategies of commands over it."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from incidentsim.commands import Command
from incidentsim.commands.lex import options_of
from incidentsim.commands.validate import (
    ALERT_ACTIONS,
    CACHES,
    COST_BY,
    DEFAULT_ROUTE,
    PINNABLES,
    SEVERITIES,
    SWITCHES,
    Context,
    knob_of,
    knob_paths,
    of_kind,
    tiers,
)
from incidentsim.specs.components import TENANT
from incidentsim.specs.knobs import Knob, format_duration, format_ratio, value_text
from incidentsim.specs.verbs import VERBS, ArgumentKind
from incidentsim.specs.vocabulary import Vocabulary
from incidentsim.text import clean

VOCABULARY = Vocabulary(
    components={
        "gateway": "gateway",
        "router": "router",
        "chat-pool": "pool",
        "autoscaler": "autoscaler",
        "gpu-1.rack-2": "node",
        "acme": "tenant",
        "mercer labs": "tenant",
        "contracts": "organisation",
        "route.chat": "route",
        "job.daily": "job",
        "response-cache": "response-cache",
        "shard-1": "shard",
    },
    tenants=("acme", "mercer labs"),
    pools=("chat-pool",),
    replicas=("chat-pool-1", "chat-pool-3"),
    people=("platform", "account-manager", "o'brien"),
    metrics=("up", "gateway_responses_total", "gateway_time_to_first_token_seconds_bucket"),
    labels={"tenant": ("acme", "mercer labs"), "code": ("200", "429", "503"), "Hostname": ("gpu-1",)},
    changes=("CHG-1042", "CHG-1044"),
    waivers=("CHG-1042",),
    alerts=("TTFTBurnRateFast", "QueueDepth"),
    runbooks=("ttft-slo",),
    services=("gateway", "chat-pool"),
    causes=(
        ("gateway", "length_blind_admission"),
        ("acme", "context_growth"),
        ("acme", "retry_bug"),
        ("mercer labs", "traffic_surge"),
        ("contracts", "waiver_without_expiry"),
    ),
)

KINDS: tuple[ArgumentKind, ...] = get_args(ArgumentKind)

_PROMQL = st.sampled_from(
    (
        "up",
        'sum by (tenant) (rate(gateway_responses_total{code=~"5..", tenant!="mercer labs"}[1m]))',
        "histogram_quantile(0.95, sum by (le) (rate(x_bucket{a='it\\'s', b=`--last 5m`}[5m])))",
        '{msg=" --last 5m"}',
        "1 --last",
        '"a string"',
        '{a=~"\\\\d+\\"x"}',
    )
)
_FILTERS = st.sampled_from(
    ("level>=warn", "svc:gateway -healthz", 'msg "a --last 5m" -"b"', "can't", "trace:7f tenant:acme")
)
_TEXTS = st.text(min_size=1, max_size=60).map(lambda text: clean(text).strip()).filter(bool)
_DURATIONS = st.integers(1, 30 * 86_400_000).map(lambda ms: format_duration(ms * 1_000))
_SHARES_PPM = st.integers(0, 1_000_000)


def knob_values(knob: Knob) -> st.SearchStrategy[str]:
    """Return the recorded forms of every value that `knob` can have."""
    if knob.kind == "enum":
        return st.sampled_from(knob.choices)
    values = st.integers(knob.low, knob.high)
    if knob.kind == "duration":
        values = values.map(lambda us: us // 1_000 * 1_000)
    texts = values.map(lambda value: value_text(knob, value))
    return st.one_of(texts, st.just("unlimited")) if knob.unlimited else texts


def _args_of(kind: ArgumentKind, context: Context) -> st.SearchStrategy[str]:
    """Return the recorded forms of an argument of this kind."""
    v = context.vocabulary
    match kind:
        case "promql":
            return _PROMQL
        case "filter":
            return _FILTERS
        case "text":
            return _TEXTS
        case "trace":
            return st.sampled_from(("slowest", "7f3a-01"))
        case "component":
            return st.sampled_from((*v.components, *v.replicas))
        case "knob":
            return st.sampled_from([path for name in v.components for path in knob_paths(v, name)])
        case "value":
            knob = knob_of(context.args["knob"], v)
            assert knob is not None
            return knob_values(knob)
        case "resource":
            return st.sampled_from(("tokens", "requests"))
        case "rate":
            knob = TENANT.knob("token_limit" if context.args["resource"] == "tokens" else "request_limit")
            assert knob is not None
            return knob_values(knob)
        case "count":
            return st.integers(1, 64).map(str)
        case "shed_selector":
            names = [f"tenant={name}" for name in v.tenants] + [f"tier={tier}" for tier in tiers()]
            return st.sampled_from(["all", "prompt_tokens>16000", *names])
        case "percent":
            return _SHARES_PPM.map(str)
        case "probability":
            return _SHARES_PPM.map(format_ratio)
        case "duration":
            return _DURATIONS
        case "alert_setting":
            thresholds = st.integers(0, 10**9).map(lambda thousandths: f"{thousandths / 1000:g}")
            return st.one_of(thresholds.filter(str.isdigit), _DURATIONS.map(lambda text: f"for={text}"),
                             st.sampled_from(("0.05", "-2.5")))  # fmt: skip
        case "seq":
            return st.integers(0, 10**9 - 1).map(str)
        case "fault_component":
            return st.sampled_from([component for component, _ in v.causes])
        case "fault_kind":
            return st.sampled_from([fault for name, fault in v.causes if name == context.args["component"]])
        case "cause":
            return st.sampled_from([f"{component}:{fault}" for component, fault in v.causes])
        case _:
            return st.sampled_from(_names(kind))


def _names(kind: ArgumentKind) -> tuple[str, ...]:
    v = VOCABULARY
    return {
        "tenant": v.tenants,
        "waiver_action": ("expire",),
        "waiver": v.waivers,
        "tier": tiers(),
        "pool": v.pools,
        "replica": v.replicas,
        "drainable": (*v.replicas, *of_kind(v, "node")),
        "target": (*v.pools, *v.replicas),
        "change": v.changes,
        "runbook": v.runbooks,
        "alert": v.alerts,
        "alert_action": ALERT_ACTIONS,
        "person": v.people,
        "severity": SEVERITIES,
        "word": ("tokenizer=r7", "v3"),
        "node": of_kind(v, "node"),
        "route": of_kind(v, "route"),
        "job": of_kind(v, "job"),
        "cache": of_kind(v, *CACHES),
        "shard": of_kind(v, "shard"),
        "pinnable": of_kind(v, *PINNABLES),
        "switch": SWITCHES,
        "route_target": (*v.pools, DEFAULT_ROUTE),
        "cost_by": COST_BY,
    }[kind]


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """Draw a valid command of any verb, in its recorded form."""
    spec = draw(st.sampled_from(list(VERBS.values())))
    args: dict[str, str] = {}
    context = Context(vocabulary=VOCABULARY, args=args)
    for argument in (*spec.arguments, *spec.options):
        if argument.required or draw(st.booleans()):
            args[argument.name] = draw(_args_of(argument.kind, context))
    act = "because" in options_of(spec)
    return Command(
        verb=spec.name,
        args=args,
        because=draw(st.one_of(st.just(""), _TEXTS)) if act else "",
        dry_run=draw(st.booleans()) if act else False,
    )
