"""The page: one offline file, the same bytes, well formed, accessible, and safe with any text."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise

import plotly.offline
import pytest

from incidentsim.report.as_html import to_html
from incidentsim.report.palette import DARK, LIGHT
from incidentsim.report.plot import figure
from incidentsim.text import clean
from tests.report import sample

VOID = {"meta", "br", "hr", "img", "link", "input"}
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}\x1b[31m\u202eevil"


class Page(HTMLParser):
    """A parsed page: elements with their attributes, texts of elements, and what was not closed properly."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.wrong: list[str] = []
        self.shown: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.wrong += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, and that it is open."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be this one."""
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        """Keep scripts apart from what is shown."""
        inside = self._open[-1] if self._open else ""
        (self.scripts if inside == "script" else self.shown).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def html() -> str:
    """Return the interviewer's page."""
    return to_html(sample.report())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    """Return it parsed."""
    return Page(html)


def test_the_page_is_well_formed(page: Page) -> None:
    """Every element is closed in its place, and ids are unique."""
    assert page.wrong == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_landmarks_and_headings(page: Page) -> None:
    """There is one h1, one main, header, footer and named navigation, and every section has its heading."""
    for tag in ("h1", "main", "header", "footer", "nav", "title"):
        assert len(page.all(tag)) == 1, tag
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("nav")[0]["aria-label"]
    ids = {attributes.get("id") for _, attributes in page.elements}
    assert {section["aria-labelledby"] for section in page.all("section")} <= ids
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_scoped_headers(page: Page) -> None:
    """Every table has a caption, every header cell a scope; the chart is told in tables beside it."""
    assert len(page.all("table")) == len(page.all("caption")) > 5
    assert all(cell.get("scope") in ("row", "col") for cell in page.all("th"))
    assert any(
        attributes.get("id") == "chart" and attributes.get("aria-hidden") == "true" for attributes in page.all("div")
    )
    assert "Burn rates and signals, minute by minute" in "".join(page.shown)


def test_links_lead_to_places_in_the_page(page: Page) -> None:
    """Every link is to an id of the page itself."""
    ids = {attributes.get("id") for _, attributes in page.elements}
    hrefs = [attributes["href"] for attributes in page.all("a")]
    assert hrefs and all(href is not None and href.startswith("#") and href[1:] in ids for href in hrefs)


def test_nothing_is_loaded_from_anywhere(html: str, page: Page) -> None:
    """No element names a resource, styles import none, and the policy forbids all but the page's own scripts."""
    assert page.all("link") == page.all("img") == page.all("iframe") == []
    assert not any("src" in attributes or "srcset" in attributes for _, attributes in page.elements)
    style = re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL)[0]
    assert "url(" not in style and "@import" not in style
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy and "unsafe-inline'; style" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        assert f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in policy


def test_the_same_report_gives_the_same_bytes(html: str) -> None:
    """Nothing in the page is drawn, dated or numbered anew."""
    assert to_html(sample.report()) == html


def test_hostile_text_stays_text() -> None:
    """Markup, quotes, template syntax, escapes and reordering characters in what people wrote are shown, not read."""
    page = Page(to_html(sample.report(text=clean(HOSTILE))))
    raw = to_html(sample.report(text=HOSTILE))
    assert Page(raw).wrong == [] and page.wrong == []
    assert len(page.all("script")) == 4 and page.all("img") == []
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert "{{7*7}}" in "".join(page.shown)
    assert "\x1b" not in raw and "\u202e" not in raw
    data = [script for script in page.scripts if script.startswith("{")]
    assert len(data) == 1 and "<" not in data[0] and json.loads(data[0])["data"]


def test_the_plot_shows_text_literally() -> None:
    """plotly reads a little HTML in labels: what people wrote is escaped there too."""
    drawn = json.dumps(figure(sample.report(text="<b>bold</b> <a href=x>y</a>").chart))
    assert "<b>bold" not in drawn and "<a " not in drawn
    assert "&lt;b&gt;bold" in drawn


def test_the_plot_holds_curves_causes_alerts_and_credit() -> None:
    """Burn as played and alone, both root causes, the alert, and each action with its number and credit are drawn."""
    drawn = figure(sample.report().chart)
    names = [trace.get("name") for trace in drawn["data"]]
    assert "Burn rate: First token, as played" in names and "Burn rate: First token, had nobody acted" in names
    assert {"context_growth of tenant.read-labs", "length_blind_admission of gateway", "Burn"} <= set(names)
    labels = next(trace for trace in drawn["data"] if trace.get("name") == "numbers")
    assert labels["text"] == ["1: +900", "2: −120"]
    assert labels["customdata"] == ["action-1", "action-2"]


def test_colours_can_be_exchanged_for_dark_ones() -> None:
    """Every colour of the figure has one dark counterpart, and no two light ones are equal."""
    assert LIGHT.keys() == DARK.keys() and len(set(LIGHT.values())) == len(LIGHT)
    used = set(re.findall(r"#[0-9a-f]{6}", json.dumps(figure(sample.report().chart))))
    assert used and used <= set(LIGHT.values())


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_has_contrast(theme: dict[str, str]) -> None:
    """Text and links have a contrast of at least 4.5 to the page, marks of at least 3 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    for name in ("ink", "soft", "played", "saved", "harmed"):
        assert contrast(theme[name], theme["paper"]) >= 4.5, name
    for name in ("nothing", "limit", "neutral"):
        assert contrast(theme[name], theme["paper"]) >= 3.0, name
    for name in ("cause", "fault", "alert", "band"):
        assert contrast(theme["ink"], theme[name]) >= 4.5, name


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb`."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_bundle_is_the_one_plotly_was_made_for(html: str) -> None:
    """The bundled plotly.js has the version that the installed plotly writes figures for, and its licence is kept."""
    version = re.search(r"plotly\.js \(basic - minified\) v([0-9.]+)", html)
    assert version is not None and version[1] == plotly.offline.get_plotlyjs_version()
    assert "Licensed under the MIT license" in html


def test_a_page_without_a_world_is_whole() -> None:
    """Other forms of a report, without effects or before the end, are well formed too."""
    assert Page(to_html(sample.report("candidate"))).wrong == []
    early = to_html(sample.report("candidate", ended=False))
    assert Page(early).wrong == []
    assert "context_growth" not in re.sub(r"<script>.*?</script>", "", early, flags=re.DOTALL)
