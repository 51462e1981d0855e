"""The check of a postmortem (`incidentsim-postmortem/1`) as rows: what the text said, and what the record says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from incidentsim.report.model import PostmortemView


def postmortem_view(check: Mapping[str, Any]) -> PostmortemView:
    """Return the check in words."""
    return PostmortemView(summary=(), rows=())
