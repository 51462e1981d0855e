"""Functions that make labels from other labels: `label_replace` and `label_join`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from incidentsim.errors import QueryError
from incidentsim.telemetry.labels import Labels
from incidentsim.telemetry.promql.functions import check_unique
from incidentsim.telemetry.promql.regex import compile_anchored
from incidentsim.telemetry.promql.values import Instant, TextPlan, Vector, VectorPlan

_REFERENCE: Final = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})", re.ASCII)
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def label_name(text: TextPlan, where: str) -> str:
    """Return a text that is to be a label's name. Raises QueryError when it can't be one."""
    if not _LABEL.fullmatch(text.text):
        raise QueryError(f"{where}: {text.text!r} is not a valid label name")
    return text.text


def _with(labels: Labels, name: str, value: str) -> Labels:
    """Return `labels` with one of them set; an empty value removes it."""
    named = dict(labels)
    named.pop(name, None)
    if value:
        named[name] = value
    return tuple(sorted(named.items()))


def label_join(vector: VectorPlan, target: TextPlan, separator: TextPlan, sources: Sequence[TextPlan]) -> VectorPlan:
    """Compile `label_join`: set the target label to the joined values of others, absent ones empty."""
    name = label_name(target, "label_join")
    names = [label_name(source, "label_join") for source in sources]

    def run(at: Instant) -> Vector:
        out: Vector = []
        for labels, value in vector.run(at):
            named = dict(labels)
            out.append((_with(labels, name, separator.text.join(named.get(n, "") for n in names)), value))
        check_unique(out)
        return out

    return VectorPlan(run)


def label_replace(
    vector: VectorPlan, target: TextPlan, template: TextPlan, source: TextPlan, pattern: TextPlan
) -> VectorPlan:
    """Compile `label_replace`: where the anchored pattern matches, set the target label; empty removes it."""
    regex = compile_anchored(pattern.text)
    name = label_name(target, "label_replace")

    def expanded(match: re.Match[str]) -> str:
        def group(reference: re.Match[str]) -> str:
            key = reference[1] or reference[2]
            if key is None:
                return "$"
            try:
                return match[int(key) if key.isdecimal() else key] or ""
            except IndexError:
                return ""

        return _REFERENCE.sub(group, template.text)

    def run(at: Instant) -> Vector:
        out: Vector = []
        for labels, value in vector.run(at):
            match = regex.fullmatch(dict(labels).get(source.text, ""))
            out.append((labels if match is None else _with(labels, name, expanded(match)), value))
        check_unique(out)
        return out

    return VectorPlan(run)
