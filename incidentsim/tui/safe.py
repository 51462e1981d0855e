"""The one door by which data reaches Textual as `Content`: cleaned, and never read as markup.

Widgets draw rows whose spans are already clean; this is for what must be Content: border titles,
notifications, palette entries.
"""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from incidentsim.text import safe_text


def content(text: str, style: str = "") -> Content:
    """Return Content that shows `text` literally, in a Textual `style` such as `bold $error`."""
    made = Content.from_rich_text(safe_text(text))
    return made.stylize(style) if style else made


def set_titles(widget: Widget, title: str, subtitle: str = "") -> None:
    """Give a widget border titles with data in them; does nothing when they are the same already."""
    wanted = (title, subtitle)
    if getattr(widget, "_shown_titles", None) == wanted:
        return
    widget._shown_titles = wanted  # type: ignore[attr-defined]
    widget.border_title = _one_line(title)
    widget.border_subtitle = _one_line(subtitle)


def _one_line(text: str) -> Content | None:
    return content(text.replace("\n", " ")) if text else None


def notify(widget: Widget, text: str, *, severity: str = "information", timeout: float = 4.0) -> None:
    """Show a notification that is never parsed as markup."""
    level = severity if severity in ("warning", "error") else "information"
    widget.app.notify(
        safe_text(text).plain,
        severity=level,  # type: ignore[arg-type]
        timeout=timeout,
        markup=False,
    )
