"""Plain data as YAML text that `safe_yaml` reads back to the same data. Used by `scenario.siblings`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import yaml

_WIDTH = 118
"""Columns after which text is folded."""


class _Writer(yaml.SafeDumper):
    """Writes without anchors, lists indented below their keys, decimals with digits only."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _float(writer: yaml.SafeDumper, value: float) -> yaml.Node:
    text = format(Decimal(repr(value)), "f")
    return writer.represent_scalar("tag:yaml.org,2002:float", text if "." in text else f"{text}.0")


_Writer.add_representer(float, _float)


def yaml_text(data: Any) -> str:
    """Return the text of one document: keys in their order, nothing that `safe_yaml` refuses."""
    return yaml.dump(data, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=_WIDTH)
