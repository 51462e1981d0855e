"""The small part of Prometheus' templating that alert texts use, such as `{{ $value | humanize }}`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from incidentsim.errors import QueryError
from incidentsim.telemetry.labels import format_value

_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_INSIDE = re.compile(r"\s*\$(?:(value)|labels\.([a-zA-Z_]\w*))\s*(?:\|\s*(\w+)\s*)?", re.ASCII)
_LARGE = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
_SMALL = ("", "m", "u", "n", "p", "f", "a", "z", "y")


def humanize(value: float) -> str:
    """Return the value with four digits and a metric prefix, as Prometheus' `humanize`."""
    if value == 0 or not math.isfinite(value):
        return format_value(value)
    size, place = abs(value), 0
    if size >= 1:
        while size >= 1000 and place < len(_LARGE) - 1:
            size, value, place = size / 1000, value / 1000, place + 1
        return f"{value:.4g}{_LARGE[place]}"
    while size < 1 and place < len(_SMALL) - 1:
        size, value, place = size * 1000, value * 1000, place + 1
    return f"{value:.4g}{_SMALL[place]}"


def humanize_percentage(value: float) -> str:
    """Return a ratio as a percentage with four digits."""
    return f"{value * 100:.4g}%"


_PIPES: dict[str, Callable[[float], str]] = {"humanize": humanize, "humanizePercentage": humanize_percentage}


def check_template(text: str) -> None:
    """Raise QueryError when `text` uses templating that is not supported."""
    for place in _PLACE.finditer(text):
        inside = _INSIDE.fullmatch(place[1])
        wrong = inside is None or (
            inside[3] is not None and (inside[2] is not None or inside[3] not in _PIPES)
        )
        if wrong:
            raise QueryError(
                f"template {place[0]!r} is not supported; use {{{{ $labels.name }}}}, {{{{ $value }}}},"
                f" {{{{ $value | humanize }}}} or {{{{ $value | humanizePercentage }}}}"
            )


def render(text: str, labels: Mapping[str, str], value: float) -> str:
    """Return `text` with its places filled in; a label that is absent is empty. Check the template first."""

    def fill(place: re.Match[str]) -> str:
        inside = _INSIDE.fullmatch(place[1])
        if inside is None:
            return place[0]
        if inside[2] is not None:
            return labels.get(inside[2], "")
        pipe = _PIPES.get(inside[3] or "")
        return pipe(value) if pipe is not None else format_value(value)

    return _PLACE.sub(fill, text) if "{{" in text else text
