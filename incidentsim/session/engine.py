"""Which engine this is: written into every header, asked for by replay, certificates and `doctor`."""

from __future__ import annotations

import platform
from typing import Any

from incidentsim import __version__
from incidentsim.sources import source_digest

ENGINE_COMPAT = 4
"""Rises whenever a golden digest changes: transcripts of another compat don't replay to the same bits."""

RNG = "keyed/1"
"""Name of the way random numbers are drawn (`exact.Draws`)."""

TICK_US = 100_000
"""Commands apply at multiples of this: 100 ms, below what a person can time, coarse enough to name."""


def engine_header() -> dict[str, Any]:
    """Return the header's `engine` object."""
    return {
        "name": "incidentsim",
        "version": __version__,
        "compat": ENGINE_COMPAT,
        "source_digest": source_digest(),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
