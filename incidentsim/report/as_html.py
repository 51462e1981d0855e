"""A report as one HTML file: readable without network, without script, on paper, on a phone, aloud.

Called by the command line. Everything is inside: styles, the bundled plotly.js (basic distribution, MIT), and the
data. A content security policy lets only these very scripts run and nothing load, so text from a transcript
could do nothing even if escaping failed.
"""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from incidentsim.report.drawing import svg
from incidentsim.report.model import Report
from incidentsim.report.palette import DARK, LIGHT
from incidentsim.report.plot import figure

MOST_LINKS = 6
"""Transcript links shown for one statement; the rest are counted."""


def to_html(report: Report) -> str:
    """Return the page. The same report gives the same bytes."""
    bundle, script = _asset("plotly-basic.min.js"), _asset("report.js")
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=report,
        style=Markup(_theme() + _asset("report.css")),
        bundle=Markup(bundle),
        script=Markup(script),
        policy=_policy(bundle, script),
        figure=_data(figure(report.chart)),
        palette=_data([[LIGHT[name], DARK[name]] for name in LIGHT]),
        drawing=Markup(svg(report.chart)),
        lines=frozenset(row.seq for row in report.records),
        rules=frozenset(rule.id for rule in report.rules),
        most_links=MOST_LINKS,
    )


def _environment() -> Environment:
    names = ("report.html.j2", "parts.html.j2")
    return Environment(
        loader=DictLoader({name: _asset(name) for name in names}), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


@cache
def _asset(name: str) -> str:
    return (files("incidentsim.report") / "assets" / name).read_text(encoding="utf-8")


def _policy(*scripts: str) -> str:
    """Return the content security policy: these scripts by their hashes, inline styles, nothing from anywhere."""
    hashes = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in scripts)
    allowed = f"script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _data(value: object) -> Markup:
    """Return JSON that can stand inside a script element: no character of it can end the element."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _theme() -> str:
    """Return the palette as CSS variables. Dark is for screens only: paper is light."""
    light, dark = ("".join(f"--{name}:{value};" for name, value in p.items()) for p in (LIGHT, DARK))
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}\n"
