"""A report as JSON: every field of the model, sorted, the same bytes for the same play."""

from __future__ import annotations

import json
from typing import Any

from incidentsim.report.model import SCHEMA, Report
from incidentsim.scoring.numbers import rounded


def to_json(report: Report) -> dict[str, Any]:
    """Return the report as plain JSON values, numbers rounded to six decimals."""
    body: dict[str, Any] = _plain(report)
    return {"schema": SCHEMA, **body}


def to_text(report: Report) -> str:
    """Return the JSON as indented text that ends with a newline."""
    return json.dumps(to_json(report), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__slots__"):
        return {name: _plain(getattr(value, name)) for name in value.__slots__}
    return rounded(value) if isinstance(value, float) else value
