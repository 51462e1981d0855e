"""From PromQL text to a compiled plan, with the reference grammar and readable errors.

Only this module knows promql_parser's syntax tree. A plan is a tree of closures over the store, so that an
alert rule that is evaluated hundreds of times is parsed and dispatched once.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import promql_parser as grammar

from incidentsim.errors import QueryError
from incidentsim.telemetry.labels import NAME
from incidentsim.telemetry.promql import aggregation, binary, functions, ranges
from incidentsim.telemetry.promql.arithmetic import ARITHMETIC, COMPARISONS
from incidentsim.telemetry.promql.histogram import histogram_quantile
from incidentsim.telemetry.promql.selectors import Matcher, RangeSelector, Selector
from incidentsim.telemetry.promql.subquery import Subquery
from incidentsim.telemetry.promql.values import Instant, ScalarPlan, TextPlan, VectorPlan

Plan = ScalarPlan | VectorPlan | TextPlan | RangeSelector | Subquery

_LONGEST = 2_000
"""Characters in one expression: the parser recurses, and far longer input would end the process."""

_DEEPEST = 100
"""Nested nodes in one expression, well below Python's recursion limit."""

_OTHER_FUNCTIONS = """
abs absent ceil clamp clamp_max clamp_min delta floor histogram_quantile increase irate label_replace
quantile_over_time rate round scalar sort sort_desc time vector
"""

FUNCTIONS = tuple(sorted((*_OTHER_FUNCTIONS.split(), *ranges.OVER_TIME)))
"""Every function that can be evaluated."""

AGGREGATIONS = (*aggregation.REDUCERS, *aggregation.PARAMETRIC)
"""Every aggregation operator that can be evaluated."""

_MATCH = {
    "MatchOp.Equal": "=",
    "MatchOp.NotEqual": "!=",
    "MatchOp.Re": "=~",
    "MatchOp.NotRe": "!~",
}

_CARDINALITY = {
    "VectorMatchCardinality.OneToOne": "one-to-one",
    "VectorMatchCardinality.ManyToOne": "many-to-one",
    "VectorMatchCardinality.OneToMany": "one-to-many",
}


def parse(text: str) -> Any:
    """Return promql_parser's tree. Raises QueryError with the parser's reason and, if possible, a remedy."""
    if len(text) > _LONGEST:
        raise QueryError(f"the query has {len(text)} characters; at most {_LONGEST} are allowed")
    if not text.strip():
        raise QueryError("the query is empty; write a metric name or an expression such as rate(name[5m])")
    try:
        return grammar.parse(text)
    except ValueError as error:
        reason = str(error).strip().splitlines()[0][:160]
    raise QueryError(f"can't parse the query: {reason}", suggestion=_remedy(reason, text))


def _remedy(reason: str, text: str) -> str:
    if reason.startswith("unknown function with name '"):
        wrong = reason.split("'")[1]
        close = difflib.get_close_matches(wrong, (*FUNCTIONS, *AGGREGATIONS), n=1)
        return close[0] if close else ""
    if "expected type matrix" in reason and text.strip().endswith(")"):
        return f"{text.strip()[:-1]}[5m])"
    if reason == "unclosed left parenthesis":
        return text.strip() + ")"
    return ""


def compile_text(text: str) -> ScalarPlan | VectorPlan:
    """Return the plan of a query. Raises QueryError for what can't be evaluated on its own."""
    plan = _compile(parse(text), 0)
    if isinstance(plan, (ScalarPlan, VectorPlan)):
        return plan
    if isinstance(plan, TextPlan):
        raise QueryError("a text alone is not a query; write a metric name without quotes")
    raise QueryError(
        "a range selector needs a function around it, such as rate() or, for gauges, avg_over_time()",
        suggestion=f"rate({text.strip()})",
    )


def metric_names(text: str) -> list[str]:
    """Return the metric names that a query asks for with an exact name, in order, without repeats."""
    found: dict[str, None] = {}

    def visit(node: Any) -> bool:
        if isinstance(node, grammar.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, grammar.VectorSelector):
            for matcher in _matchers(node):
                if matcher.label == NAME and matcher.op == "=":
                    found[matcher.value] = None
        return True

    grammar.walk(parse(text), visit)
    return list(found)


def _compile(node: Any, depth: int) -> Plan:
    if depth > _DEEPEST:
        raise QueryError(
            f"the query nests more than {_DEEPEST} levels deep; use fewer parentheses and operators"
        )
    if isinstance(node, grammar.ParenExpr):
        return _compile(node.expr, depth + 1)
    if isinstance(node, grammar.NumberLiteral):
        value = float(node.val)
        return ScalarPlan(lambda at: value)
    if isinstance(node, grammar.StringLiteral):
        return TextPlan(node.val)
    if isinstance(node, grammar.VectorSelector):
        selector = _selector(node)
        return VectorPlan(selector.instant, selector.equalities())
    if isinstance(node, grammar.MatrixSelector):
        return RangeSelector(_selector(node.vector_selector), _us(node.range))
    if isinstance(node, grammar.SubqueryExpr):
        _refuse_at(node)
        inner = _vector(_compile(node.expr, depth + 1), "a subquery")
        step_us = _us(node.step) if node.step is not None else None
        return Subquery(inner, _us(node.range), step_us, _us(node.offset))
    if isinstance(node, grammar.UnaryExpr):
        plan = _compile(node.expr, depth + 1)
        if isinstance(plan, ScalarPlan):
            run = plan.run
            return ScalarPlan(lambda at: -run(at))
        return functions.mapped(_vector(plan, "unary minus"), lambda value: -value)
    if isinstance(node, grammar.AggregateExpr):
        return _aggregation(node, depth)
    if isinstance(node, grammar.BinaryExpr):
        return _binary(node, depth)
    if isinstance(node, grammar.Call):
        return _call(node.func.name, [_compile(argument, depth + 1) for argument in node.args])
    raise QueryError(f"{type(node).__name__} is not supported in queries")


def _us(duration: timedelta | None) -> int:
    return duration // timedelta(microseconds=1) if duration is not None else 0


def _refuse_at(node: Any) -> None:
    if node.at is not None:
        raise QueryError("the @ modifier is not supported; use offset")


def _matchers(node: Any) -> list[Matcher]:
    if node.matchers.or_matchers:
        raise QueryError('`or` between label matchers is not supported; use a regex such as tenant=~"a|b"')
    found = [Matcher.make(m.name, _MATCH[str(m.op)], m.value) for m in node.matchers.matchers]
    if node.name:
        found.insert(0, Matcher.make(NAME, "=", node.name))
    return found


def _selector(node: Any) -> Selector:
    _refuse_at(node)
    matchers = _matchers(node)
    name = next((m.value for m in matchers if m.label == NAME and m.op == "="), "")
    return Selector(name, tuple(matchers), _us(node.offset))


def _vector(plan: Plan, where: str) -> VectorPlan:
    if isinstance(plan, VectorPlan):
        return plan
    raise QueryError(f"{where} needs an instant vector, such as a metric name")


def _scalar(plan: Plan, where: str) -> Callable[[Instant], float]:
    if isinstance(plan, ScalarPlan):
        return plan.run
    raise QueryError(f"{where} needs a number")


def _text(plan: Plan, where: str) -> TextPlan:
    if isinstance(plan, TextPlan):
        return plan
    raise QueryError(f"{where} needs a text in quotes")


def _range(plan: Plan, where: str) -> RangeSelector | Subquery:
    if isinstance(plan, (RangeSelector, Subquery)):
        return plan
    raise QueryError(f"{where} needs a range, such as name[5m]")


def _aggregation(node: Any, depth: int) -> VectorPlan:
    operator = str(node.op)
    if operator not in AGGREGATIONS:
        raise QueryError(f"{operator}() is not supported; aggregations are {', '.join(AGGREGATIONS)}")
    argument = _vector(_compile(node.expr, depth + 1), f"{operator}()")
    modifier = node.modifier
    without = modifier is not None and str(modifier.type).endswith("Without")
    grouping = aggregation.Grouping(modifier.labels if modifier is not None else (), without=without)
    if operator in aggregation.REDUCERS:
        return aggregation.aggregate(operator, grouping, argument)
    parameter = _scalar(_compile(node.param, depth + 1), f"{operator}()'s first argument")
    return aggregation.aggregate_with(operator, parameter, grouping, argument)


def _binary(node: Any, depth: int) -> ScalarPlan | VectorPlan:
    operator = str(node.op)
    left, right = _compile(node.lhs, depth + 1), _compile(node.rhs, depth + 1)
    modifier = node.modifier
    return_bool = modifier is not None and bool(modifier.return_bool)
    if operator not in (*ARITHMETIC, *COMPARISONS, *binary.SET_OPERATORS):
        raise QueryError(f"operator {operator} is not supported")
    if isinstance(left, ScalarPlan) and isinstance(right, ScalarPlan):
        return binary.scalar_scalar(operator, left, right)
    if isinstance(right, ScalarPlan):
        vector = _vector(left, operator)
        return binary.vector_scalar(operator, vector, right, swapped=False, return_bool=return_bool)
    if isinstance(left, ScalarPlan):
        vector = _vector(right, operator)
        return binary.vector_scalar(operator, vector, left, swapped=True, return_bool=return_bool)
    left_vector, right_vector = _vector(left, operator), _vector(right, operator)
    matching = _matching(modifier)
    if operator in binary.SET_OPERATORS:
        return binary.set_operation(operator, left_vector, right_vector, matching)
    return binary.vector_vector(operator, left_vector, right_vector, matching)


def _matching(modifier: Any) -> binary.Matching:
    if modifier is None:
        return binary.Matching()
    fill = modifier.fill_values
    if fill is not None and (fill.lhs is not None or fill.rhs is not None):
        raise QueryError("fill modifiers are not supported; use `or` with a default, such as `or vector(0)`")
    labels = modifier.matching
    return binary.Matching(
        on=labels is not None and str(labels.type).endswith("Include"),
        labels=tuple(labels.labels) if labels is not None else (),
        card=_CARDINALITY.get(str(modifier.card), "one-to-one"),
        include=tuple(modifier.group_labels or ()),
        return_bool=bool(modifier.return_bool),
    )


def _call(name: str, args: list[Plan]) -> ScalarPlan | VectorPlan:
    where = f"{name}()"
    if name in ("rate", "increase", "delta"):
        source = _range(args[0], where)
        return ranges.extrapolating(source, counter=name != "delta", rate=name == "rate")
    if name == "irate":
        return ranges.irate(_range(args[0], where))
    if name in ranges.OVER_TIME:
        return ranges.over_time(name, _range(args[0], where))
    if name == "quantile_over_time":
        return ranges.quantile_over_time(_scalar(args[0], where), _range(args[1], where))
    if name == "histogram_quantile":
        return histogram_quantile(_scalar(args[0], where), _vector(args[1], where))
    if name in functions.VALUE_FUNCTIONS:
        return functions.mapped(_vector(args[0], where), functions.VALUE_FUNCTIONS[name])
    if name in ("clamp", "clamp_min", "clamp_max"):
        low = _scalar(args[1], where) if name != "clamp_max" else _constant(-math.inf)
        high = _scalar(args[-1], where) if name != "clamp_min" else _constant(math.inf)
        return functions.clamp(_vector(args[0], where), low, high)
    if name == "round":
        nearest = _scalar(args[1], where) if len(args) > 1 else _constant(1.0)
        return functions.rounded(_vector(args[0], where), nearest)
    if name == "scalar":
        return functions.scalar(_vector(args[0], where))
    if name == "vector":
        number = _scalar(args[0], where)
        return VectorPlan(lambda at: [((), number(at))])
    if name == "time":
        return ScalarPlan(lambda at: at.t_us / 1_000_000)
    if name == "absent":
        return functions.absent(_vector(args[0], where))
    if name in ("sort", "sort_desc"):
        return functions.in_order(_vector(args[0], where), descending=name == "sort_desc")
    if name == "label_replace":
        texts = [_text(argument, where) for argument in args[1:]]
        return functions.label_replace(_vector(args[0], where), *texts)
    close = difflib.get_close_matches(name, FUNCTIONS, n=1)
    raise QueryError(
        f"{name}() is not supported; functions are {', '.join(FUNCTIONS)}",
        suggestion=close[0] if close else "",
    )


def _constant(value: float) -> Callable[[Instant], float]:
    return lambda at: value
