"""Look verbs: what a person gets to see when they ask, as readable lines and typed data.

Each look is at the present moment and at the reported layer, lies included. The session records it with a
digest of what was shown; nothing here changes anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from incidentsim.client_api import LogLine, Span, View
from incidentsim.commands.model import Command
from incidentsim.errors import CommandError, QueryError
from incidentsim.exact import format_clock, sha256_hex
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.session.charts import Charts
from incidentsim.session.ports import WorldPort
from incidentsim.session.tables import number, table
from incidentsim.specs.knobs import format_duration, parse_duration
from incidentsim.telemetry.logfilter import compile_filter
from incidentsim.telemetry.logs import LogRecord, as_logfmt
from incidentsim.telemetry.promql import Sample, unknown_metrics
from incidentsim.telemetry.spans import Trace

LOOK_BACK_US = 600_000_000
"""How far back a look goes when it doesn't say: ten minutes, as `--last` promises."""

MOST_ROWS = 60
"""Rows shown of a query's result: more than a screen; the rest is counted."""

MOST_LOG_LINES = 100
"""Log lines that one `logs` shows, the newest."""

SLOWEST = 10
"""Traces that `trace slowest` lists."""

SECOND_US, HOUR_US = 1_000_000, 3_600_000_000

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
"""A word of a log filter that could be somebody's name."""

_POINTS = 120
"""Points of the curve that comes with a query: enough for the width of a terminal."""

_BAR_WIDTH = 40
"""Characters of a waterfall's time axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """What looks are made with: one world, its charts, and the names and runbooks of the session."""

    world: WorldPort
    charts: Charts
    scenario: Scenario
    cast: Cast

    def look(self, command: Command) -> View:
        """Return what the look verb shows. Raises CommandError (QueryError for bad queries and filters)."""
        return _LOOKS[command.verb](self, command)


def view_digest(view: View) -> str:
    """Return the digest of what was shown, for the record."""
    return sha256_hex("\n".join((view.kind, view.title, *view.lines)))


def log_line(record: LogRecord) -> LogLine:
    """Return a log record as clients get it."""
    fields = {key: str(value) for key, value in record.fields}
    return LogLine(
        index=record[0],
        t_us=record.t_us,
        level=record.level,
        service=record.service,
        host=record.host,
        message=record.message,
        fields=fields,
        trace_id=record.trace_id,
    )


def _last(command: Command) -> int:
    text = command.args.get("last")
    return parse_duration(text) if text else LOOK_BACK_US


def _query(eyes: Eyes, command: Command) -> View:
    expr, now = command.args["expr"], eyes.world.now_us
    samples = eyes.charts.instant(expr, now)
    start = max(now - _last(command), -eyes.scenario.prelude)
    step = max((now - start) // _POINTS, eyes.scenario.stack.observability.scrape_interval)
    # the last point is the present, so that curve and table agree
    first = now - (now - start) // step * step
    series = eyes.charts.curves(expr, first, now, step)
    lines = _sample_table(samples) if samples else _nothing(eyes, expr)
    return View(kind="query", title=expr, lines=lines, series=series)


def _sample_table(samples: list[Sample]) -> tuple[str, ...]:
    names = list(dict.fromkeys(name for sample in samples for name in sorted(sample.labels)))
    columns = [name for name in names if len({s.labels.get(name, "") for s in samples}) > 1]
    fixed = [f'{name}="{samples[0].labels[name]}"' for name in names if name not in columns]
    rows = [[*(s.labels.get(name, "") for name in columns), number(s.value)] for s in samples[:MOST_ROWS]]
    lines = table([*columns, "value"], rows, right=[len(columns)]) if columns else (rows[0][-1],)
    if len(samples) > MOST_ROWS:
        lines = (*lines, f"… {len(samples) - MOST_ROWS} more series; aggregate with sum by (…) or topk(…)")
    return (*lines, "all: " + ", ".join(fixed)) if fixed else lines


def _nothing(eyes: Eyes, expr: str) -> tuple[str, ...]:
    unknown = unknown_metrics(expr, eyes.world.metrics)
    hints = [f"no metric {name!r}" + (f"; did you mean {near}?" if near else "") for name, near in unknown]
    return ("no data", *hints)


def _logs(eyes: Eyes, command: Command) -> View:
    text = command.args.get("filter", "")
    since = eyes.world.now_us - _last(command)
    found = eyes.world.logs.select(compile_filter(text), -1, MOST_LOG_LINES, since)
    lines = tuple(as_logfmt(record) for record in found.records)
    if not lines:
        lines = (f"no line matches; {found.hidden} others in that time", *_of_whom(eyes, text, since))
    return View(kind="logs", title=text, lines=lines, logs=tuple(log_line(r) for r in found.records))


def _of_whom(eyes: Eyes, text: str, since: int) -> tuple[str, ...]:
    """Return the filter that was meant where a word is nobody's text, but the name of who wrote lines."""
    words = text.split()
    for i, word in enumerate(words):
        if not _NAME.fullmatch(word):
            continue
        for key in ("svc", "host", "pod", "tenant"):
            meant = " ".join([*words[:i], f"{key}:{word}", *words[i + 1 :]])
            lines = len(eyes.world.logs.select(compile_filter(meant), -1, MOST_LOG_LINES, since).records)
            if lines:
                return (f"a word is searched in the text; of {word} itself: `logs {meant}` ({lines} "
                        f"{'line' if lines == 1 else 'lines'})",)  # fmt: skip
    return ()


def _trace(eyes: Eyes, command: Command) -> View:
    wanted = command.args["id"]
    if wanted == "slowest":
        traces = eyes.world.spans.slowest(eyes.world.now_us - _last(command), SLOWEST)
        rows = [
            [t.trace_id, t.tenant, f"{t.duration_us / 1e6:.3f} s", format_clock(t.start_us), t.status] for t in traces
        ]
        lines = table(["trace", "tenant", "duration", "start", "status"], rows, right=[2]) if rows else ("no traces",)
        return View(kind="trace", title="slowest", lines=lines)
    trace = eyes.world.spans.get(wanted)
    if trace is None:
        raise QueryError(f"there is no sampled trace {wanted!r}; `trace slowest` lists some")
    spans = tuple(
        Span(
            name=s.name,
            service=s.service,
            start_us=s.start_us,
            end_us=s.end_us,
            depth=s.depth,
            attributes={key: str(value) for key, value in s.attributes},
        )
        for s in trace.spans
    )
    return View(kind="trace", title=trace.trace_id, lines=_waterfall(trace), spans=spans)


def _waterfall(trace: Trace) -> tuple[str, ...]:
    whole = max(trace.duration_us, 1)
    rows = []
    for span in trace.spans:
        start = (span.start_us - trace.start_us) * _BAR_WIDTH // whole
        width = max((span.end_us - span.start_us) * _BAR_WIDTH // whole, 1)
        bar = " " * min(start, _BAR_WIDTH - 1) + "━" * min(width, _BAR_WIDTH - min(start, _BAR_WIDTH - 1))
        attributes = " ".join(f"{key}={value}" for key, value in span.attributes)
        millis = f"{(span.end_us - span.start_us) / 1e3:,.1f}"
        rows.append(["  " * span.depth + span.name, span.service, millis, bar.ljust(_BAR_WIDTH), attributes])
    head = f"trace {trace.trace_id}  tenant {trace.tenant}  {whole / 1e6:.3f} s  {trace.status}"
    return (head, *table(["span", "service", "ms", "time", "attributes"], rows, right=[2]))


def _cost(eyes: Eyes, command: Command) -> View:
    by = command.args.get("by", "tenant")
    now = eyes.world.now_us
    sums: dict[tuple[str, str], list[int]] = {}
    window = min(_last(command), now + eyes.scenario.prelude)  # there is nothing before the prelude
    for bill in eyes.world.costs(now - window):
        name = {"tenant": bill.tenant, "pool": bill.pool, "conversation": bill.conversation}[by]
        owner = bill.tenant if by == "conversation" else ""
        total = sums.setdefault((name or "(none)", owner), [0, 0, 0])
        for i, amount in enumerate((bill.requests, bill.tokens, bill.microdollars)):
            total[i] += amount
    ranked = sorted(sums.items(), key=lambda item: (-item[1][2], item[0]))
    hours = max(window, 1) / HOUR_US
    rows = [[*(key if by == "conversation" else key[:1]), f"{n:,}", f"{tokens:,}", f"${micro / 1e6:,.2f}",
             f"${micro / 1e6 / hours:,.0f}"]
            for key, (n, tokens, micro) in ranked[:MOST_ROWS]]  # fmt: skip
    names = ["conversation", "tenant"] if by == "conversation" else [by]
    head = [*names, "requests", "tokens", "cost", "$/h"]
    lines = table(head, rows, right=list(range(len(names), len(head)))) if rows else ("nothing was spent",)
    if len(ranked) > MOST_ROWS:
        lines = (*lines, f"… {len(ranked) - MOST_ROWS} more")
    over = format_duration(window // SECOND_US * SECOND_US)
    return View(kind="cost", title=by, lines=(*lines, f"spent in the last {over}"))


def _inspect(eyes: Eyes, command: Command) -> View:
    name = command.args["component"]
    return View(kind="inspect", title=name, lines=eyes.world.inspect(name))


def _changes(eyes: Eyes, command: Command) -> View:
    wanted = command.args.get("id", "")
    entries = [entry for entry in eyes.world.changes() if wanted in ("", entry.id)]
    if wanted:
        if not entries:
            raise CommandError(f"there is no change {wanted!r}; `changes` lists them")
        entry = entries[0]
        head = f"{entry.id}  {format_clock(entry.t_us)}  {entry.kind} of {entry.target} by {entry.actor}"
        return View(kind="changes", title=wanted, lines=(head, entry.summary, *entry.detail))
    rows = [[e.id, format_clock(e.t_us), e.kind, e.target, e.actor, e.summary] for e in reversed(entries)]
    lines = table(["change", "when", "kind", "target", "by", "summary"], rows) if rows else ("no changes",)
    return View(kind="changes", title="", lines=lines)


def _alerts(eyes: Eyes, _command: Command) -> View:
    rows = [
        [
            a.name,
            a.state + (" (silenced)" if a.silenced else ""),
            a.severity,
            format_clock(a.since_us) if a.state != "inactive" else "",
            a.summary if a.state != "inactive" else a.expr,
        ]
        for a in eyes.world.alerts
    ]
    lines = table(["alert", "state", "severity", "since", "summary"], rows) if rows else ("no alert rules",)
    return View(kind="alerts", title="", lines=lines)


def _runbook(eyes: Eyes, command: Command) -> View:
    name = command.args.get("name", "")
    if not name:
        return View(kind="runbook", title="", lines=tuple(eyes.scenario.runbooks) or ("no runbooks",))
    text = eyes.scenario.runbooks.get(name)
    if text is None:
        raise CommandError(f"there is no runbook {name!r}; `runbook` lists them")
    return View(kind="runbook", title=name, lines=tuple(eyes.cast.render(text).splitlines()))


def _topology(eyes: Eyes, _command: Command) -> View:
    rows = [
        [c.name, c.kind, c.health, ", ".join(f"{name} {rate}".strip() for name, rate in c.edges), c.summary]
        for c in eyes.world.topology()
    ]
    return View(kind="topology", title="", lines=table(["component", "kind", "health", "sends to", "state"], rows))


_LOOKS: dict[str, Callable[[Eyes, Command], View]] = {
    "query": _query,
    "logs": _logs,
    "trace": _trace,
    "cost": _cost,
    "inspect": _inspect,
    "changes": _changes,
    "alerts": _alerts,
    "runbook": _runbook,
    "topology": _topology,
}
"""How each look verb that stays in the session is answered (`ask` goes to the world)."""
