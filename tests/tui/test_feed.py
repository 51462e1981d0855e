"""The feed: what is drained, once each, and how much work a drain may do."""

from __future__ import annotations

from incidentsim.client_api import Series
from incidentsim.tui.feed import LiveFeed, curve_of
from tests.tui.fake_session import PRELUDE, SECOND, FakeSession


class _Counting(FakeSession):
    """Counts chart evaluations."""

    charts = 0

    def chart(self, promql: str, start_us: int, end_us: int, step_us: int) -> tuple[Series, ...]:
        self.charts += 1
        return super().chart(promql, start_us, end_us, step_us)


def _feed(session: FakeSession, at_s: int = 60) -> LiveFeed:
    session.advance(PRELUDE + at_s * SECOND)
    feed = LiveFeed(session)
    feed.drain()
    return feed


def test_log_lines_arrive_once_and_in_order() -> None:
    """However often the feed drains, no line is missing or doubled."""
    session = FakeSession(lines_per_second=50)
    feed = _feed(session)
    first = feed.logs.lines[0].index
    for _ in range(5):
        session.advance(SECOND // 2)
        feed.drain()
        feed.drain()
    indexes = [line.index for line in feed.logs.lines]
    assert indexes == list(range(first, indexes[-1] + 1))
    assert indexes[-1] == session.snapshot().log_index - 1


def test_filter_hides_lines_and_counts_them() -> None:
    """A filter replaces the content; what it left out is counted."""
    feed = _feed(FakeSession())
    assert feed.set_log_filter("level>=warn") == ""
    assert feed.logs.lines and all(line.level in ("WARN", "ERROR") for line in feed.logs.lines)
    assert feed.logs.hidden > 0


def test_bad_filter_changes_nothing() -> None:
    """A filter that can't be parsed says why and leaves the log as it was."""
    feed = _feed(FakeSession())
    before = len(feed.logs.lines)
    assert "unclosed quote" in feed.set_log_filter('"')
    assert (len(feed.logs.lines), feed.log_filter) == (before, "")


async def test_effects_find_their_command() -> None:
    """An effect is listed under the number of the command that caused it."""
    session = FakeSession()
    feed = _feed(session)
    ack = await feed.submit("scale chat-pool 10")
    session.advance(10 * SECOND)
    feed.drain()
    assert [item.text for item in feed.effects[ack.seq]] == ["scale took effect"]
    assert feed.history == ["scale chat-pool 10"]


def test_tiles_are_evaluated_only_when_a_step_has_passed() -> None:
    """The first drain evaluates all tiles; later ones none within a step, then two at a time."""
    session = _Counting()
    feed = _feed(session)
    assert session.charts == 6
    feed.drain()
    assert session.charts == 6
    session.advance(10 * SECOND)
    feed.drain()
    assert session.charts == 8
    feed.drain()
    feed.drain()
    feed.drain()
    assert session.charts == 12


def test_query_errors_become_text() -> None:
    """A chart that can't be evaluated gives no series and says why."""
    series, problem = _feed(FakeSession()).chart("rate(x", 0, 10, 1)
    assert series == () and "parenthesis" in problem


def test_curves_have_gaps_where_samples_are_missing() -> None:
    """Points land on their steps; a missing step is None, not a line."""
    curve = curve_of(Series(labels={}, points=((0, 1.0), (20, 3.0))), 0, 30, 10)
    assert curve.values == (1.0, None, 3.0, None)
