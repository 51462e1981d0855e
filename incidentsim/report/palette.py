"""Colours of the timeline, by what they mean, for light and dark pages. State is never told by colour alone.

The interactive chart is drawn with the light ones; the page's script puts the dark ones in their place.
"""

from __future__ import annotations

LIGHT = {
    "ink": "#1b1f24", "soft": "#57606a", "grid": "#e3e6ea", "paper": "#ffffff",
    "played": "#0969da", "nothing": "#9a4b00", "limit": "#6e7781", "band": "#dbe9f9",
    "cause": "#e9b3b3", "fault": "#f3e3e3", "alert": "#f5dfae",
    "saved": "#1a7f37", "harmed": "#cf222e", "neutral": "#8c959f",
}  # fmt: skip
"""Colours on white, text and marks with a contrast of at least 4.5 and 3 to one."""

DARK = {
    "ink": "#e6edf3", "soft": "#9da7b3", "grid": "#2d333b", "paper": "#0f1419",
    "played": "#58a6ff", "nothing": "#f0a35e", "limit": "#8b949f", "band": "#1b2f4a",
    "cause": "#7d3b3b", "fault": "#43302f", "alert": "#665123",
    "saved": "#3fb950", "harmed": "#ff7b72", "neutral": "#848d98",
}  # fmt: skip
"""The same on a dark page."""
