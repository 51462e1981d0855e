"""The four themes. Every colour of the terminal comes from here, through theme variables."""

from __future__ import annotations

from textual.theme import Theme


def _extra(dim: str, faint: str, cursor_line: str, *series: str) -> dict[str, str]:
    """Return our own variables: quiet text, quieter marks, the line under the cursor, and the curves."""
    curves = {f"series-{number}": colour for number, colour in enumerate(series)}
    return {"dim": dim, "faint": faint, "cursor-line": cursor_line, **curves}


DARK = Theme(
    name="incident-dark",
    primary="#5fa8d3", secondary="#3d6b8c", accent="#7fd1c7", warning="#e5b567", error="#f07178",
    success="#8fce7e", foreground="#d5dae0", background="#12161b", surface="#161b21", panel="#222a33",
    variables=_extra("#8b96a1", "#4a5460", "#2c3a47",
        "#7fd1c7", "#e5b567", "#b294e0", "#6fb3f2", "#f2a0c0", "#a9c96a"),
)  # fmt: skip

LIGHT = Theme(
    name="incident-light",
    primary="#1f5f8b", secondary="#6d93ad", accent="#00695c", warning="#8a5a00", error="#b3261e",
    success="#2e6b1f", foreground="#1d2126", background="#fbfaf7", surface="#f4f2ec", panel="#e4e0d6",
    dark=False,
    variables=_extra("#656b72", "#b9b4a8", "#d3e3ec",
        "#00695c", "#8a5a00", "#6a3fa0", "#1f5f8b", "#a3245f", "#55701a"),
)  # fmt: skip

COLOUR_BLIND = Theme(
    name="incident-colourblind",
    primary="#56b4e9", secondary="#2f6f9a", accent="#56b4e9", warning="#f0e442", error="#e69f00",
    success="#4aa3df", foreground="#e0e0e0", background="#101216", surface="#15181d", panel="#232830",
    variables=_extra("#9299a1", "#4c5460", "#2b3a4a",
        "#56b4e9", "#e69f00", "#cc79a7", "#f0e442", "#009e73", "#d55e00"),
)  # fmt: skip
"""Okabe and Ito's palette (2008): told apart with every common form of colour vision."""

TERMINAL = Theme(
    name="incident-terminal",
    ansi=True,
    primary="ansi_blue", secondary="ansi_cyan", accent="ansi_cyan", warning="ansi_yellow", error="ansi_red",
    success="ansi_green", foreground="ansi_default", background="ansi_default", surface="ansi_default",
    panel="ansi_default", boost="ansi_default",
    variables={
        **_extra(
            "ansi_bright_black", "ansi_bright_black", "ansi_default",
            "ansi_cyan", "ansi_yellow", "ansi_magenta", "ansi_blue", "ansi_green", "ansi_red"),
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "border-blurred": "ansi_black",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_cyan",
        "input-cursor-background": "ansi_white",
        "input-cursor-foreground": "ansi_black",
        "input-selection-background": "ansi_blue",
        "input-selection-foreground": "ansi_white",
        "screen-selection-background": "ansi_blue",
        "screen-selection-foreground": "ansi_white",
    },
)  # fmt: skip
"""Follows the sixteen colours that the terminal itself is set to."""

THEMES = (DARK, LIGHT, COLOUR_BLIND, TERMINAL)
"""Every theme, the default first."""
