"""The braille chart and everything laid out around it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from incidentsim.client_api import Series, Tile
from incidentsim.tui.presenters.explorer import ChartModel, chart_rows, legend_rows, step_for
from incidentsim.tui.presenters.plot import Curve, Marker, auto_range, layout
from incidentsim.tui.presenters.tiles import tile_rows

VALUES = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True, width=64))
CURVES = st.lists(
    st.builds(Curve, values=st.lists(VALUES, max_size=30).map(tuple), mark=st.sampled_from(("", "a"))),
    max_size=8,
)
PAIRS = st.tuples(st.floats(), st.floats())


@settings(max_examples=150, deadline=None)
@given(
    series=CURVES,
    size=st.tuples(st.integers(-1, 40), st.integers(-1, 12)),
    y_range=PAIRS,
    band=st.one_of(st.none(), PAIRS),
    objective=st.one_of(st.none(), st.floats()),
    at=st.floats(),
)
def test_layout_has_the_exact_size_and_never_raises(
    series: list[Curve],
    size: tuple[int, int],
    y_range: tuple[float, float],
    *,
    band: tuple[float, float] | None,
    objective: float | None,
    at: float,
) -> None:
    """Any values, ranges and sizes give exactly height rows of exactly width cells."""
    width, height = size
    marks = (Marker(at=at, glyph="✖"),)
    rows = layout(series, width, height, y_range, band=band, objective=objective, markers=marks, cursor=at)
    if width <= 0 or height <= 0:
        assert rows == []
        return
    assert len(rows) == height
    assert {cell_len(r.text) for r in rows} == {width}


@settings(max_examples=60, deadline=None)
@given(series=CURVES, band=st.one_of(st.none(), PAIRS), objective=st.one_of(st.none(), st.floats()))
def test_auto_range_is_a_proper_interval(
    series: list[Curve], band: tuple[float, float] | None, objective: float | None
) -> None:
    """The y range always rises, whatever is or isn't finite."""
    low, high = auto_range(series, objective=objective, band=band)
    assert low < high


def test_rising_curve_goes_from_the_bottom_left_to_the_top_right() -> None:
    """A ramp touches the lowest dot at its start and the highest at its end."""
    rows = layout((Curve(values=tuple(float(v) for v in range(8))),), 4, 2, (0.0, 7.0))
    assert rows[1].text[0] != " " and rows[0].text[-1] != " "
    assert rows[0].text[0] == " " and rows[1].text[-1] == " "


def test_gaps_stay_empty() -> None:
    """Where there is no sample there is no line."""
    rows = layout((Curve(values=(1.0, 1.0, None, None, 1.0, 1.0)),), 3, 1, (0.0, 2.0))
    assert rows[0].text[1] == " "


def test_curves_differ_by_more_than_colour() -> None:
    """The newest value of a curve carries its letter."""
    rows = layout((Curve(values=(1.0, 1.0), mark="a"), Curve(values=(3.0, 3.0), mark="b")), 6, 4, (0.0, 4.0))
    assert {r.text[-1] for r in rows} >= {"a", "b"}


def test_objective_and_markers_are_drawn() -> None:
    """The objective is a dashed line, an event a glyph in the bottom row."""
    rows = layout((), 9, 3, (0.0, 2.0), objective=1.0, markers=(Marker(at=0.5, glyph="◆"),))
    assert rows[1].text == "╌" * 9
    assert rows[2].text[4] == "◆"


@settings(max_examples=60, deadline=None)
@given(curve=CURVES.map(tuple), width=st.integers(0, 60), height=st.integers(0, 20))
def test_chart_with_axes_fills_its_pane(curve: tuple[Curve, ...], width: int, height: int) -> None:
    """Axes and chart together are exactly as large as the pane, or nothing when it is too small."""
    rows = chart_rows(ChartModel(start_us=0, end_us=900_000_000, curves=curve), width, height)
    assert not rows or (len(rows) == height and {cell_len(r.text) for r in rows} == {width})


def test_time_axis_names_both_ends() -> None:
    """The time axis starts and ends with scenario times."""
    rows = chart_rows(ChartModel(start_us=-300_000_000, end_us=600_000_000, curves=()), 60, 6)
    assert "T-05:00" in rows[-1].text and rows[-1].text.rstrip().endswith("T+10:00")


def test_legend_gives_the_value_at_the_cursor_and_before() -> None:
    """With a time cursor the legend shows that moment, and ten minutes before when comparing."""
    series = (Series(labels={"tenant": "acme"}, points=((0, 1.0), (1, 5.0))),)
    model = ChartModel(start_us=0, end_us=1, curves=(Curve(values=(1.0, 5.0), mark="a"),), cursor=0.0)
    text = legend_rows(series, model, unit="s", former=(Curve(values=(0.5, 0.5)),))[0].text
    assert text == "a tenant=acme  1 s  ten minutes before: 0.5 s"


def test_steps_are_whole_seconds_about_two_a_column() -> None:
    """A 15-minute window on 100 columns is sampled in whole seconds."""
    step = step_for(900_000_000, 100)
    assert step % 1_000_000 == 0 and 3_000_000 <= step <= 6_000_000


@settings(max_examples=60, deadline=None)
@given(
    value=st.one_of(st.none(), st.floats()),
    width=st.integers(0, 40),
    height=st.integers(0, 10),
    band=st.one_of(st.none(), PAIRS),
)
def test_tiles_fit_their_frame(value: float | None, width: int, height: int, band: tuple[float, float] | None) -> None:
    """A tile never has more rows or cells than its frame."""
    tile = Tile(key="k", title="t", unit="s", promql="x", value=value, trend=1, health="bad", band=band, objective=1)
    rows = tile_rows(tile, Curve(values=(1.0, 2.0)), width, height)
    assert len(rows) <= height
    assert all(cell_len(r.text) <= width for r in rows)


def test_tile_says_health_in_words() -> None:
    """Health is readable without colour."""
    tile = Tile(key="k", title="t", unit="s", promql="x", value=2.34, trend=1, health="bad", objective=2.0)
    rows = tile_rows(tile, Curve(values=()), 30, 5)
    assert rows[0].text.startswith("2.34 s ↗") and rows[0].text.endswith("✖ bad")
    assert rows[1].text == "SLO < 2 s"
