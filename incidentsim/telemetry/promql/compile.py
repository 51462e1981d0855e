"""From a parsed query to a compiled plan: a tree of closures over the store.

Only this module walks promql_parser's tree. Its plan is kept, so that an alert rule that is
evaluated hundreds of times is parsed and dispatched once.
"""

from __future__ import annotations

from typing import Any, Final

import promql_parser as grammar

from incidentsim.errors import QueryError
from incidentsim.telemetry.labels import NAME
from incidentsim.telemetry.promql import aggregation, binary, functions
from incidentsim.telemetry.promql.aggregation import AGGREGATIONS
from incidentsim.telemetry.promql.arithmetic import ARITHMETIC, COMPARISONS
from incidentsim.telemetry.promql.calls import Plan, as_scalar, as_text, as_vector, call
from incidentsim.telemetry.promql.labelling import label_name
from incidentsim.telemetry.promql.selectors import Matcher, RangeSelector, Selector
from incidentsim.telemetry.promql.subquery import Subquery
from incidentsim.telemetry.promql.syntax import micros, parse, shift
from incidentsim.telemetry.promql.values import ScalarPlan, TextPlan, VectorPlan

_DEEPEST: Final = 100
"""Nested nodes in one expression, well below Python's recursion limit."""

_MATCH: Final = {
    "MatchOp.Equal": "=",
    "MatchOp.NotEqual": "!=",
    "MatchOp.Re": "=~",
    "MatchOp.NotRe": "!~",
}

_CARDINALITY: Final = {
    "VectorMatchCardinality.OneToOne": "one-to-one",
    "VectorMatchCardinality.ManyToOne": "many-to-one",
    "VectorMatchCardinality.OneToMany": "one-to-many",
}


def compile_text(text: str) -> ScalarPlan | VectorPlan:
    """Return the plan of a query. Raises QueryError for what can't be evaluated on its own."""
    tree = parse(text)
    try:
        plan = _compile(tree, 0)
    except OverflowError:  # from the tree's durations
        raise QueryError("a duration in the query is too long; write one such as 5m or 1h") from None
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
        raise QueryError(f"the query nests more than {_DEEPEST} levels deep; use fewer parentheses and operators")
    if isinstance(node, grammar.ParenExpr):
        return _compile(node.expr, depth + 1)
    if isinstance(node, grammar.NumberLiteral):
        value = float(node.val)
        return ScalarPlan(lambda at: value)
    if isinstance(node, grammar.StringLiteral):
        return TextPlan(node.val)
    if isinstance(node, grammar.VectorSelector):
        selector = _selector(node)
        return VectorPlan(selector.instant, selector.equalities(), selector.stamps)
    if isinstance(node, grammar.MatrixSelector):
        return RangeSelector(_selector(node.vector_selector), micros(node.range))
    if isinstance(node, grammar.SubqueryExpr):
        inner = as_vector(_compile(node.expr, depth + 1), "a subquery")
        step_us = micros(node.step) if node.step is not None else None
        return Subquery(inner, micros(node.range), step_us, shift(node))
    if isinstance(node, grammar.UnaryExpr):
        plan = _compile(node.expr, depth + 1)
        if isinstance(plan, ScalarPlan):
            run = plan.run
            return ScalarPlan(lambda at: -run(at))
        return functions.mapped(as_vector(plan, "unary minus"), lambda value: -value)
    if isinstance(node, grammar.AggregateExpr):
        return _aggregation(node, depth)
    if isinstance(node, grammar.BinaryExpr):
        return _binary(node, depth)
    if isinstance(node, grammar.Call):
        return call(node.func.name, [_compile(argument, depth + 1) for argument in node.args])
    raise QueryError(f"{type(node).__name__} is not supported in queries")


def _matchers(node: Any) -> list[Matcher]:
    if node.matchers.or_matchers:
        raise QueryError('`or` between label matchers is not supported; use a regex such as tenant=~"a|b"')
    found = [Matcher.make(m.name, _MATCH[str(m.op)], m.value) for m in node.matchers.matchers]
    if node.name:
        found.insert(0, Matcher.make(NAME, "=", node.name))
    return found


def _selector(node: Any) -> Selector:
    matchers = _matchers(node)
    name = next((m.value for m in matchers if m.label == NAME and m.op == "="), "")
    return Selector(name, tuple(matchers), shift(node))


def _aggregation(node: Any, depth: int) -> VectorPlan:
    operator = str(node.op)
    if operator not in AGGREGATIONS:
        raise QueryError(f"{operator}() is not supported; aggregations are {', '.join(AGGREGATIONS)}")
    argument = as_vector(_compile(node.expr, depth + 1), f"{operator}()")
    modifier = node.modifier
    without = modifier is not None and str(modifier.type).endswith("Without")
    labels = tuple(modifier.labels) if modifier is not None else ()
    if operator in aggregation.REDUCERS:
        return aggregation.aggregate(operator, aggregation.Grouping(labels, without=without), argument)
    parameter = _compile(node.param, depth + 1)
    if operator in aggregation.LABELLING:
        label = label_name(as_text(parameter, f"{operator}()'s first argument"), f"{operator}()")
        grouping = aggregation.Grouping(labels if without else (*labels, label), without=without)
        return aggregation.count_values(label, grouping, argument)
    number = as_scalar(parameter, f"{operator}()'s first argument")
    return aggregation.aggregate_with(operator, number, aggregation.Grouping(labels, without=without), argument)


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
        vector = as_vector(left, operator)
        return binary.vector_scalar(operator, vector, right, swapped=False, return_bool=return_bool)
    if isinstance(left, ScalarPlan):
        vector = as_vector(right, operator)
        return binary.vector_scalar(operator, vector, left, swapped=True, return_bool=return_bool)
    left_vector, right_vector = as_vector(left, operator), as_vector(right, operator)
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
