"""View models: rows, numbers, header, timeline, logs, answers, completion."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from incidentsim.client_api import Ack, AlertRow, ChangeRow, ClientEvent, ComponentRow, LogLine, View
from incidentsim.client_api import Span as TraceSpan
from incidentsim.commands.items import Completion, CompletionItem
from incidentsim.events import AlertFired, EffectObserved, MessageReceived, Paged, as_body
from incidentsim.specs.verbs import VERBS
from incidentsim.tui.feed import Result
from incidentsim.tui.presenters.completion import accepted, completion_rows, usage_spans
from incidentsim.tui.presenters.header import header_rows, health_spans
from incidentsim.tui.presenters.help import help_rows
from incidentsim.tui.presenters.incident import alert_rows, change_detail, topology_rows
from incidentsim.tui.presenters.logs import BUCKET_US, LogBuffer, evidence_bullet, histogram, log_row
from incidentsim.tui.presenters.numbers import format_number, format_value, next_speed
from incidentsim.tui.presenters.results import confirmation, result_rows, view_rows, waterfall_rows
from incidentsim.tui.presenters.rows import Row, Span, cut, fit, markdown_rows, row, span, wrap
from incidentsim.tui.presenters.timeline import describe, markers, timeline_rows
from tests.tui.fake_session import SECOND, FakeSession

TEXT = st.text(max_size=60)


@settings(max_examples=100, deadline=None)
@given(parts=st.lists(TEXT, max_size=4), width=st.integers(2, 40), indent=st.integers(0, 30))
def test_wrapping_keeps_every_word_and_the_width(parts: list[str], width: int, indent: int) -> None:
    """Folded rows fit, and hold all characters but blanks, in order."""
    line = row(*(span(p) for p in parts), indent=indent)
    folded = wrap(line, width)
    assert all(cell_len(r.text) <= max(2, width) or len(r.text.strip()) <= 1 for r in folded)
    assert "".join(r.text for r in folded).replace(" ", "") == line.text.replace(" ", "")


def test_a_word_of_several_roles_stays_in_one_piece() -> None:
    """A name in code with brackets or a full stop around it goes to the next row with them."""
    line = markdown_rows("Four workers (`preprocessing`) cut it; `clerk-8b`, too.")[0]
    assert [r.text for r in wrap(line, 26)] == ["Four workers", "(preprocessing) cut it;", "clerk-8b, too."]
    assert [r.text for r in wrap(line, 12)] == ["Four workers", "(preprocessi", "ng) cut it;", "clerk-8b,", "too."]


@settings(max_examples=100, deadline=None)
@given(text=TEXT, width=st.integers(0, 30))
def test_fit_is_exact(text: str, width: int) -> None:
    """Fitted text has exactly the width asked for."""
    assert cell_len(fit(text, width)) == width


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(TEXT, max_size=4), width=st.integers(0, 30))
def test_cut_never_exceeds_the_width(parts: list[str], width: int) -> None:
    """Cut spans are never wider than asked for."""
    assert cell_len("".join(s.text for s in cut([span(p) for p in parts], width))) <= width


def test_markdown_becomes_roles() -> None:
    """Headings, bullets, code and numbered steps keep their meaning as roles."""
    rows = markdown_rows("# Title\n- one `x`\n1. first\n```\ncode\n```")
    assert rows[0].spans == (Span("Title", "heading"),)
    assert rows[1].text == "• one x" and rows[1].spans[1].role == "accent"
    assert rows[2].indent == 3
    assert rows[3].spans == (Span("  code", "accent"),)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.012, "0.012"), (4.2, "4.2"), (312.0, "312"), (41_300.0, "41.3k"), (1_200_000.0, "1.2M"),
     (float("nan"), "–"), (-3.456, "-3.46")],
)  # fmt: skip
def test_numbers_are_short(value: float, text: str) -> None:
    """Numbers keep three figures at any magnitude."""
    assert format_number(value) == text


def test_values_have_units() -> None:
    """Seconds below one show as milliseconds, ratios as percent, nothing as no data."""
    assert format_value(0.25, "s") == "250 ms"
    assert format_value(0.973, "ratio") == "97.3 %"
    assert format_value(None, "s") == "no data"


@pytest.mark.parametrize(("width", "rows"), [(80, 2), (115, 2), (116, 1), (120, 1), (200, 1)])
def test_header_fits_any_width(width: int, rows: int) -> None:
    """The header has one line from 116 columns, else two, and never overflows; the clock is always there."""
    session = FakeSession()
    session.advance(780 * SECOND)
    made = header_rows(session.info(), session.snapshot(), width)
    assert len(made) == rows
    assert all(cell_len(r.text) <= width for r in made)
    assert "T+01:00" in made[0].text and "$412/h" in made[0].text
    assert "chat-pool bad" in "".join(r.text for r in made)


@pytest.mark.parametrize(("width", "budget", "cost"), [(80, True, True), (72, True, False), (60, False, False)])
def test_narrow_header_leaves_figures_out_whole(width: int, budget: bool, cost: bool) -> None:
    """While a page waits in a narrow terminal, first the cost and then the budget is left out, never a part of one."""
    session = FakeSession()
    session.advance(780 * SECOND)
    snapshot = replace(session.snapshot(), acknowledged=False)
    top = header_rows(session.info(), snapshot, width)[0].text
    assert "not acked" in top and "…" not in top
    assert ("budget" in top, "$" in top) == (budget, cost)


def test_header_says_paused_in_words() -> None:
    """A stopped clock is visible without colour."""
    session = FakeSession()
    session.advance(780 * SECOND)
    session.paused = True
    assert "PAUSED" in header_rows(session.info(), session.snapshot(), 120)[0].text


def test_facts_of_the_world_become_timeline_lines() -> None:
    """Every fact a candidate may see has a readable line with its time."""
    facts = [
        EffectObserved(t_us=5 * SECOND, ref=3, stage="failed", text="no GPU left"),
        AlertFired(t_us=6 * SECOND, alert="A", severity="page", labels={}, summary="s"),
        Paged(t_us=7 * SECOND, text="wake up", source="A"),
        MessageReceived(t_us=8 * SECOND, who="platform", text="nothing deployed", ref=2),
    ]
    items = [describe(ClientEvent(seq=n, t_us=f.t_us, type=f.type, actor="world", body=as_body(f)))
             for n, f in enumerate(facts)]  # fmt: skip
    rows = timeline_rows([i for i in items if i is not None])
    assert [r.text for r in rows] == [
        "+00:05 ✖ #3 no GPU left",
        "+00:06 ✖ A fired: s",
        "+00:07 ☎ page wake up",
        "+00:08 ◂ platform nothing deployed",
    ]


def test_unknown_events_lose_nothing_readable() -> None:
    """An event type of a newer engine still shows its text; one without text shows nothing."""
    item = describe(ClientEvent(seq=1, t_us=0, type="hint_given", actor="interviewer", body={"text": "look left"}))
    assert item is not None and item.text == "hint given: look left"
    assert describe(ClientEvent(seq=2, t_us=0, type="odd", actor="x", body={"n": 1})) is None


def test_markers_place_commands_alerts_and_changes() -> None:
    """Marks stand at their share of the window, and only inside it."""
    session = FakeSession()
    session.advance(780 * SECOND)
    items = [i for e in session.events() if (i := describe(e)) is not None]
    found = markers(items, -400 * SECOND, 100 * SECOND)
    assert [(m.glyph, m.at) for m in found] == [("◆", 0.2), ("✖", 0.68), ("✖", 0.802)]
    assert markers(items, 50 * SECOND, 60 * SECOND) == []


def _line(index: int, level: str = "INFO", message: str = "hello") -> LogLine:
    return LogLine(index=index, t_us=index * SECOND, level=level, service="gateway", host="gw-1",
                   message=message, fields={"code": "503"})  # fmt: skip


@pytest.mark.parametrize(
    ("speed", "up", "down"), [(1.0, 2.0, 0.5), (0.5, 1.0, 0.5), (1.25, 2.0, 1.0), (8.0, 0.0, 4.0), (0.0, 0.0, 8.0)]
)
def test_speeds_go_up_and_down(speed: float, up: float, down: float) -> None:
    """The next step is found from any speed; as fast as possible (0) is the last."""
    assert (next_speed(speed, 1), next_speed(speed, -1)) == (up, down)


def test_log_ring_keeps_numbers_stable() -> None:
    """Lines that fall out of the ring shift the base, so that a cursor stays on its line."""
    buffer = LogBuffer(capacity=3)
    buffer.extend(tuple(_line(n) for n in range(5)))
    assert [line.index for line in buffer.lines] == [2, 3, 4]
    assert (buffer.base, buffer.end) == (2, 5)


def test_jumps_find_errors_and_hits_in_both_directions() -> None:
    """Next and former error, and next hit of a search, are found; none is None."""
    buffer = LogBuffer()
    buffer.extend((_line(0, "ERROR"), _line(1), _line(2, message="KV thrash"), _line(3, "ERROR")))
    assert buffer.find(1, 1, "", errors=True) == 3
    assert buffer.find(1, -1, "", errors=True) == 0
    assert buffer.find(0, 1, "kv", errors=False) == 2
    assert buffer.find(3, 1, "kv", errors=False) is None


def test_log_rows_show_the_level_as_a_letter_and_mark_hits() -> None:
    """A level is readable without colour, and every place of the search text is marked."""
    made = log_row(_line(61, "ERROR", "aba"), "a")
    assert made.text.startswith("+01:01.0 E gw-1")
    assert [s.text for s in made.spans if s.role == "hit"] == ["a", "a"]


def test_evidence_is_a_bullet_with_time_and_number() -> None:
    """A copied piece of evidence says when, how bad, where, what, and which record."""
    assert evidence_bullet(_line(7, "WARN")) == "- T+00:07.0 WARN gateway/gw-1 hello code=503 (log 7)"


def test_histogram_bars_are_errors_per_ten_seconds() -> None:
    """The newest bar is at the right, the highest count has the highest bar."""
    line, starts = histogram({0: [5, 1], 1: [9, 8], 2: [3, 0]}, 2 * BUCKET_US, 4)
    assert line.text == " ▁█·"
    assert starts[-1] == 2 * BUCKET_US


@pytest.mark.parametrize("line", ["scale chat-pool 10 --yes", "restart chat-pool --dry-run", "query up", "", "xx"])
def test_safe_lines_are_not_questioned(line: str) -> None:
    """Looks, dry runs, confirmed and unknown lines go through at once."""
    assert confirmation(line) is None


def test_risky_lines_name_danger_duration_and_way_back() -> None:
    """The question says what a person needs to decide; a reason that mentions --yes doesn't skip it."""
    question = confirmation('restart chat-pool --because "they said --yes"')
    assert question is not None and question.danger == "destructive"
    assert "about 80 s" in question.text and "can't be undone" in question.text
    asked = {v.name for v in VERBS.values() if confirmation(v.example) is not None}
    assert asked == {v.name for v in VERBS.values() if v.danger != "none"} | {"resolve"}


def test_answers_carry_number_view_and_later_effects() -> None:
    """An answer shows the command's number, its lines, and the effects that named it."""
    ack = Ack(accepted=True, seq=9, t_us=SECOND, k=0, text="recorded",
              view=View(kind="query", title="up", lines=("up 1",)))  # fmt: skip
    effect = describe(
        ClientEvent(seq=10, t_us=2 * SECOND, type="effect", actor="world",
                    body={"ref": 9, "stage": "done", "text": "ten replicas"})
    )  # fmt: skip
    assert effect is not None
    texts = [r.text for r in result_rows([Result(command="query up", ack=ack)], {9: [effect]})]
    assert texts == ["#9 T+00:01 › query up", "  ✓ recorded", "  up 1", "  ✓ +00:02 ten replicas"]


def test_waterfall_bars_share_one_axis() -> None:
    """A span's bar starts and ends where its times are between those of the request."""
    rows = waterfall_rows(
        (
            TraceSpan(name="request", service="gw", start_us=0, end_us=4000, depth=0),
            TraceSpan(name="queue", service="gw", start_us=2000, end_us=4000, depth=1),
        )
    )
    assert rows[0].spans[1].text == "█" * 36
    assert rows[1].spans[1].text == " " * 18 + "█" * 18
    assert "2.0 ms" in rows[1].text


def test_dropdown_keeps_the_chosen_offer_in_view() -> None:
    """Danger is a glyph and a word, the chosen offer has a pointer, and what is hidden is counted."""
    items = tuple(CompletionItem(text=f"verb{n}", help="h", danger="caution", kind="verb") for n in range(20))
    rows = completion_rows(items, 12, 60, 5)
    assert len(rows) == 5
    pointed = [r.text for r in rows if r.text.startswith("▶")]
    assert len(pointed) == 1 and "▲ verb12" in pointed[0] and "caution" in pointed[0]
    assert "more" in rows[-1].text


def test_accepting_an_offer_replaces_the_word() -> None:
    """A finished word gets a space; one inside an expression doesn't."""
    done = Completion(start=6, end=8)
    assert accepted("scale ch", done, CompletionItem(text="chat-pool", kind="pool"))[0] == "scale chat-pool "
    assert accepted("query ra", done, CompletionItem(text="rate(", kind="function")) == ("query rate(", 11)


def test_usage_marks_the_current_argument_and_problems_win() -> None:
    """The usage line points at what is typed now; a problem is shown instead."""
    spans = usage_spans(Completion(start=0, end=0, usage="scale »pool« <count>"))
    assert [s.text for s in spans] == ["scale ", "<pool>", " <count>"]
    assert usage_spans(Completion(start=0, end=0, usage="x", problem="no"))[1].text == "no"


def test_alerts_are_ordered_by_urgency() -> None:
    """Firing before pending, newest first, inactive ones left out."""
    alerts = tuple(
        AlertRow(name=name, state=state, severity="page", since_us=since, summary="", expr="")
        for name, state, since in (
            ("P", "pending", 9),
            ("I", "inactive", 9),
            ("F1", "firing", 1),
            ("F2", "firing", 2),
        )
    )
    assert [r.key for r in alert_rows(alerts)] == ["F2", "F1", "P"]


def test_topology_shows_health_words_and_edges() -> None:
    """Every component has glyph, word and name, an only edge beside it, and a row for each of several."""
    text = "\n".join(r.text for r in topology_rows(FakeSession().snapshot().components))
    assert "✖ bad     chat-pool" in text and "queue 212 ─▶ router 52 req/s" in text


def test_topology_follows_the_traffic_with_replicas_below_their_pool() -> None:
    """Whatever the order of the rows: tenants, gateway, pool, its replicas with their share, then what is aside."""
    components = (
        ComponentRow(name="p", kind="pool", health="ok", summary="2/2", edges=(("p-0", "4 in flight"), ("p-1", "5"))),
        ComponentRow(name="p-1", kind="replica", health="bad", summary="kv 9%", edges=(("gpu-2", ""),)),
        ComponentRow(name="p-0", kind="replica", health="ok", summary="kv 1%", edges=()),
        ComponentRow(name="scaler", kind="autoscaler", health="ok", summary="wants 2", edges=(("p", ""),)),
        ComponentRow(name="gate", kind="gateway", health="ok", summary="", edges=(("p", "9 req/s"),)),
        ComponentRow(name="acme", kind="tenant", health="ok", summary="", edges=(("gate", "9 req/s"),)),
    )
    rows = topology_rows(components)
    assert [r.key for r in rows] == ["acme", "gate", "p", "p-0", "p-1", "scaler"]
    assert "├─ p-0" in rows[3].text and "4 in flight" in rows[3].text
    assert "✖ bad     └─ p-1" in rows[4].text and "gpu-2" in rows[4].text


@pytest.mark.parametrize(
    ("before_s", "shown"), [(129, "T-02:09"), (9780, "T-2:43:00"), (93_540, "T-26 h"), (691_200, "T-8 d")]
)
def test_old_changes_are_dated_in_hours_and_days(before_s: int, shown: str) -> None:
    """A change of last week is dated as its list dates it, not by a clock of 192 hours."""
    change = ChangeRow(id="chg-1", t_us=-before_s * SECOND, kind="config", actor="a", target="gateway", summary="s",
                       detail=())  # fmt: skip
    assert change_detail(change)[1].text.startswith(f"{shown}  config on gateway")


def test_runbooks_among_the_answers_are_wrapped_anew() -> None:
    """The breaks of a runbook's file are no breaks on screen: one paragraph, one row, its commands in colour."""
    lines = ("# Title", "", "1. Is it working? Compare what it", "   says, `inspect`, with what it does.")
    made = view_rows(View(kind="runbook", title="engine-queue", lines=lines))
    assert [r.text.strip() for r in made[:2]] == ["Title", ""]
    assert made[2].text == "  1. Is it working? Compare what it says, inspect, with what it does."
    assert made[2].indent == 5
    names = view_rows(View(kind="runbook", title="", lines=("engine-queue", "kv-cache-full")))
    assert [r.text for r in names] == ["  engine-queue", "  kv-cache-full"]


def test_help_names_every_verb() -> None:
    """The help is generated: no verb is missing."""
    text = "\n".join(r.text for r in help_rows())
    assert all(f"  {name}" in text for name in VERBS)


def test_spans_are_cleaned() -> None:
    """No control or bidirectional character survives in a span."""
    assert span("a\x1b[31m\u202eb\x9c").text == "a␛[31mb\ufffd"
    assert Row(spans=(span("x\ny"),)).text == "x y"


def test_header_never_drops_what_is_not_ok_silently() -> None:
    """Where components don't fit, the ok ones become a count, and bad ones left out are counted too."""
    rows = FakeSession().snapshot().components
    wide = "".join(s.text for s in health_spans(rows, 60))
    assert wide == "✖ chat-pool bad  ▲ gateway warn  ● 9 ok"
    narrow = "".join(s.text for s in health_spans(rows, 32))
    assert narrow == "✖ chat-pool bad  +1 more  ● 9 ok"
