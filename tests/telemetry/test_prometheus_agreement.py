"""Prometheus' own tools judge what ships; the long comparison is `python -m benchmarks.promql_agreement`."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import pytest

from benchmarks import prometheus_host, promql_agreement
from benchmarks.alert_agreement import compare_alerts
from benchmarks.promql_queries import generated, translated
from benchmarks.rule_files import check_rules, problems, shipped_rules
from incidentsim.telemetry import RuleSet
from tests.telemetry.helpers import S, recorded, scraped

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian's package prometheus has it)"
)


@needs_promtool
def test_promtool_accepts_every_shipped_rule_file() -> None:
    """The alert rules of all stacks are valid for Prometheus."""
    found = check_rules()
    assert found
    assert {name: text for name, text in found.items() if text} == {}


@needs_promtool
def test_promtool_finds_what_is_wrong() -> None:
    """A rule that Prometheus would not load is reported, so that the check above can fail."""
    assert "unknown function" in problems({"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "f(x)"}]}]})


@needs_promtool
def test_alert_states_and_texts_agree_with_prometheus() -> None:
    """promtool confirms states, labels, texts and recorded series of our rule engine minute by minute."""
    result = compare_alerts(seeds=2)
    assert result.complaints == ""
    assert result.expectations > 1_000


def test_shipped_rules_load_here_too() -> None:
    """The same files that promtool checks are those that the world evaluates."""
    for rules in shipped_rules().values():
        assert RuleSet.from_mapping(rules).names()


def test_without_prometheus_the_comparison_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A missing tool is exit code 2 and a message, no traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["promql_agreement", "--rules"])
    assert promql_agreement.main() == 2
    assert "apt-get install prometheus" in capsys.readouterr().err


def test_openmetrics_holds_samples_but_no_stale_markers(tmp_path: Path) -> None:
    """Every sample is a line with its time, in series order, and the text ends as the format asks."""
    store = recorded('x{a="1"} 1 stale 3')
    path = tmp_path / "samples.om"
    assert prometheus_host.write_openmetrics(store, path) == 2
    base = prometheus_host.BASE_S
    assert path.read_text().splitlines() == [f'x{{a="1"}} 1.0 {base}.000', f'x{{a="1"}} 3.0 {base + 120}.000', "# EOF"]
    assert prometheus_host.without_stale_markers(store).latest("x", {"a": "1"}) == 3


def test_a_series_goes_stale_once_where_a_scrape_missed_it() -> None:
    """Gaps and ends give one marker each, as a scraper writes them."""
    store = scraped({"a": [1, None, None, 4], "b": [1, 2, None, None]})
    points = [list(prometheus_host.samples(s, store)) for s in store.series("gateway_requests_total")]
    assert points[0] == [(0, 1.0), (60 * S, None), (180 * S, 4.0)]
    assert points[1] == [(0, 1.0), (60 * S, 2.0), (120 * S, None)]


def test_remote_write_is_framed_as_snappy_and_protobuf() -> None:
    """A literal-only snappy block of one message: label x="y" and one sample of 1.5 at 300 ms."""
    message = prometheus_host._time_series((("x", "y"),), iter([(300_000 - prometheus_host.BASE_S * S, 1.5)]))
    assert message == b"\x0a\x06\x0a\x01x\x12\x01y" + b"\x12\x0c\x09" + struct.pack("<d", 1.5) + b"\x10\xac\x02"
    assert prometheus_host._snappy(b"ab") == b"\x02\xf4\x01\x00ab"


def test_queries_are_the_same_every_time_and_translated() -> None:
    """Generation is keyed, and scenario times become Unix times for Prometheus."""
    store = scraped({"a": [1, 2]})
    base = prometheus_host.BASE_S
    query = translated("time() - <<x @ -60>>", old=True)
    assert query.ours == "time() - timestamp(x @ -60)"
    assert query.theirs == f"(time() - {base}) - (timestamp(x @ {base - 60}.000) - {base})"
    with pytest.raises(ValueError, match="no gauge"):
        generated(store, 5, old=True)
