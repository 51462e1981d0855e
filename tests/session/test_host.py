"""The host: what is acknowledged is on disk and applies at its tick; what is wrong changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.errors import TranscriptError, UsageError
from incidentsim.session.host import IncidentSession
from incidentsim.specs.verbs import VERBS
from incidentsim.text import clean
from incidentsim.transcript import queries
from incidentsim.transcript.chain import verify
from incidentsim.transcript.recovery import read
from tests.session.fake_world import FakeChange
from tests.session.stage import start

LOOKS = (
    "query vllm:kv_cache_usage_perc",
    "query nope --last 1m",
    "logs level>=warn",
    "logs nothing-like-this",
    "trace slowest",
    "trace trace00003",
    "inspect gateway",
    "changes",
    "changes CHG-1",
    "alerts",
    "runbook",
    "runbook queue",
    "topology",
)


@pytest.fixture
def session(tmp_path: Path) -> IncidentSession:
    """Return a session at T+0."""
    return start(tmp_path / "s.jsonl")


def test_a_name_among_the_words_of_a_log_filter_is_pointed_out(session: IncidentSession) -> None:
    """Who types a replica's or a service's name, which no text holds, is told the filter that finds its lines."""
    session.step(30_000_000)
    lines = {text: session.submit(f"logs {text}").view for text in ("gw-0", "depth gw-0 -x", "nobody", "queue")}
    assert all(view is not None for view in lines.values())
    shown = {text: view.lines[-1] for text, view in lines.items() if view is not None}
    assert "`logs host:gw-0` (" in shown["gw-0"]
    assert "`logs depth host:gw-0 -x` (" in shown["depth gw-0 -x"]
    assert shown["nobody"].startswith("no line matches")
    assert "queue depth" in shown["queue"]


def test_the_newest_change_is_listed_first(session: IncidentSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a page, what is new counts: it stands where the answer begins."""
    log = [FakeChange(id=f"CHG-{i}", t_us=(i - 9) * 60_000_000) for i in (1, 2, 3)]
    monkeypatch.setattr(session.world, "changes", lambda: log)
    view = session.submit("changes").view
    assert view is not None
    assert [line.split()[0] for line in view.lines[1:]] == ["CHG-3", "CHG-2", "CHG-1"]


def test_a_command_is_on_disk_when_it_is_acknowledged(session: IncidentSession) -> None:
    """Every Ack's record can be read from the file at once, with its tick, order and number."""
    for text in ("scale chat-pool 10", "limit strategic tokens 300k", 'note "x"', "nonsense", "alerts"):
        ack = session.submit(text)
        last = read(session.recorder.path).records[-1]
        assert (last.seq, last.t_us, last.k) == (ack.seq, ack.t_us, ack.k)
        assert ack.accepted == (last.type != "rejected")


def test_commands_get_the_next_tick_in_their_order(session: IncidentSession) -> None:
    """The tick is the first multiple of 100 ms strictly after what is simulated; k counts within the tick."""
    session.step(12_345_678)
    acks = [
        session.submit(text) for text in ("scale chat-pool 9", "scale chat-pool 10 --dry-run", "scale chat-pool 11")
    ]
    assert [(a.t_us, a.k) for a in acks] == [(12_400_000, 0), (12_400_000, 1), (12_400_000, 1)]
    session.step(12_400_000)
    ack = session.submit("scale chat-pool 12")
    assert (ack.t_us, ack.k) == (12_500_000, 0)
    session.step(20_000_000)
    effects = queries.of_type(session.recorder.transcript(), "effect")
    assert [(e.t_us, e.body["ref"]) for e in effects] == [
        (12_400_000, acks[0].seq),
        (12_400_000, acks[2].seq),
        (12_500_000, ack.seq),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "bogus",
        "scale chat-pool 17",
        "scale nope 3",
        "",
        "undo 3",
        "rule-out 9",
        "changes CHG-9",
        "trace absent",
        "query sum(",
        "logs level>=",
        "\x1b[31m",
    ],
)
def test_a_wrong_command_is_rejected_and_changes_nothing(session: IncidentSession, text: str) -> None:
    """A line that can't be carried out is recorded as rejected with a reason, and reaches no world."""
    before = len(session.recorder.records)
    ack = session.submit(text)
    assert not ack.accepted
    assert ack.text
    assert [r.type for r in session.recorder.records[before:]] == ["rejected"]
    assert "\x1b" not in session.recorder.records[-1].body["text"]
    assert queries.commands(session.recorder.transcript()) == ()


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60) | st.builds("{} {}".format, st.sampled_from(sorted(VERBS)), st.text(max_size=40)))
def test_whatever_is_typed_is_answered_and_recorded(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Any text gets an Ack that is on disk, and no control code or bidi mark gets into the record."""
    session = start(tmp_path_factory.mktemp("fuzz") / "s.jsonl")
    ack = session.submit(text)
    session.step(1_000_000)
    session.close()
    written = read(session.recorder.path).records
    assert written[ack.seq].type == "rejected" or ack.accepted
    body = repr(written[ack.seq].body)
    assert body == clean(body)


def test_no_commands_before_the_page_or_after_the_end(tmp_path: Path) -> None:
    """The prelude takes no commands; after the end nothing more is recorded."""
    session = start(tmp_path / "s.jsonl", prelude=False)
    assert "first page" in session.submit("alerts").text
    session.step(session.scenario.duration)
    last = session.recorder.records[-1]
    assert (last.type, last.t_us, last.body) == ("end", 120_000_000, {"reason": "time"})
    assert not session.submit("alerts").accepted
    session.view_opened("logs")
    session.control("pause")
    assert session.recorder.records[-1] is last


def test_a_resend_with_the_same_nonce_is_applied_once(session: IncidentSession) -> None:
    """The second submit of a nonce returns the first Ack and writes nothing."""
    first = session.submit("scale chat-pool 10", nonce="n1")
    count = len(session.recorder.records)
    assert session.submit("scale chat-pool 12", nonce="n1") is first
    assert len(session.recorder.records) == count
    assert session.submit("scale chat-pool 12", nonce="n2").seq == count


@pytest.mark.parametrize("text", LOOKS)
def test_looks_show_something_and_are_recorded_with_a_digest(session: IncidentSession, text: str) -> None:
    """Each look verb gives readable lines, is recorded with its arguments, and repeats itself."""
    one, two = session.submit(text), session.submit(text)
    assert one.view is not None and one.view == two.view
    assert all(one.view.lines)
    found = queries.looks(session.recorder.transcript())
    assert len(found) == 2
    assert found[0].verb == text.split(maxsplit=1)[0]
    assert found[0].digest == found[1].digest
    assert found[0].lines == len(one.view.lines)


def test_a_query_comes_as_table_and_curve_that_agree(session: IncidentSession) -> None:
    """The table shows only labels that differ; the curve's last point is the present value."""
    view = session.submit("query vllm:kv_cache_usage_perc").view
    assert view is not None
    assert view.lines[0].split() == ["engine", "value"]
    assert view.lines[-1].startswith("all: ")
    assert [curve.labels["engine"] for curve in view.series] == ["0", "1"]
    assert {curve.points[-1][0] for curve in view.series} == {0}


def test_a_dry_run_previews_and_touches_nothing(session: IncidentSession) -> None:
    """A dry run is recorded, shows targets, and the world never hears of it."""
    ack = session.submit("scale chat-pool 12 --dry-run")
    session.step(1_000_000)
    assert ack.view is not None
    assert ack.view.lines == ("scale: 1 target", "users touched now: 3")
    assert queries.of_type(session.recorder.transcript(), "effect") == ()


def test_undo_is_a_command_of_its_own(session: IncidentSession) -> None:
    """`undo N` issues the inverse once, at its own tick, and is refused for what can't be undone."""
    ack = session.submit("scale chat-pool 10")
    assert not session.submit(f"undo {ack.seq}").accepted, "it has not applied yet"
    session.step(1_000_000)
    undo = session.submit(f"undo {ack.seq} --because wrong")
    session.step(2_000_000)
    given = queries.commands(session.recorder.transcript())
    assert [(c.command.verb, c.command.args["count"]) for c in given] == [("scale", "10"), ("scale", "8")]
    undone = queries.of_type(session.recorder.transcript(), "undone")[0]
    assert undone.body == {"ref": ack.seq, "by": undo.seq}
    assert "already" in session.submit(f"undo {ack.seq}").text
    limit = session.submit("limit strategic tokens 300k")
    session.step(3_000_000)
    assert "can't be undone" in session.submit(f"undo {limit.seq}").text


def test_a_question_is_recorded_with_its_topic(session: IncidentSession) -> None:
    """`ask` carries the topic the world found, so a replay matches no text; the answer names the question."""
    ack = session.submit('ask platform "what changed this week?"')
    session.step(1_000_000)
    assert session.recorder.records[ack.seq].body["args"]["topic"] == "changes"
    message = queries.of_type(session.recorder.transcript(), "message")[0]
    assert message.body["ref"] == ack.seq


def test_the_ledger_follows_hypotheses_and_bounds_diagnoses(session: IncidentSession) -> None:
    """Hypotheses are numbered and can be ruled out; one cause more than there are can be committed."""
    session.submit('hypothesis "bad image" --p 0.6 --cause chat-pool:bad_image')
    session.submit('hypothesis "too few replicas"')
    session.submit("rule-out 2")
    assert session.submit("diagnose chat-pool bad_image --p 0.7").accepted
    assert session.submit("diagnose gateway length_blind_admission").accepted
    assert session.submit("diagnose chat-pool bad_image --p 0.9").accepted, "restating is no new cause"
    assert "at most 2" in session.submit("diagnose chat-pool engine_hang").text
    rows = session.state.ledger.rows()
    assert [(r.number, r.p, r.state) for r in rows] == [(1, 0.6, "committed"), (2, 0.5, "ruled out")]


def test_communication_is_recorded_and_resolve_ends(session: IncidentSession) -> None:
    """Acknowledging, declaring and updating are recorded; resolve ends the session with its closing line."""
    for text in ("ack", "declare sev2", 'status "looking"'):
        assert session.submit(text).accepted
    assert "already" in session.submit("ack").text
    session.step(5_000_000)
    assert session.submit('resolve "limit is back"', nonce="r").accepted
    end = session.recorder.records[-1]
    assert (end.type, end.t_us) == ("end", 5_000_000)
    assert end.body == {"reason": "resolved", "text": "limit is back", "nonce": "r"}
    assert session.ended
    session.step(50_000_000)
    assert session.now_us == 5_000_000


def test_views_close_each_other_and_at_the_end(session: IncidentSession) -> None:
    """Opening a screen closes the one before; the end closes the last; times are scenario time."""
    session.view_opened("logs")
    session.step(3_000_000)
    session.view_opened("changes")
    session.step(4_000_000)
    session.control("abandon")
    opened = queries.views(session.recorder.transcript())
    assert [(v.screen, v.closed_us - v.opened_us) for v in opened] == [
        ("logs", 3_000_000),
        ("changes", 1_000_000),
    ]
    assert [r.type for r in session.recorder.records[-2:]] == ["view_closed", "abandon"]


def test_controls_are_recorded_once_and_checked(session: IncidentSession) -> None:
    """Pausing twice is one record; unknown actions and impossible speeds are errors."""
    for action in ("pause", "pause", "resume"):
        session.control(action)
    session.control("speed", 2)
    types = [(r.type, r.body) for r in session.recorder.records[-3:]]
    assert types == [("pause", {}), ("resume", {}), ("clock", {"speed_milli": 2000})]
    for action, value in (("rewind", 0.0), ("speed", -1.0), ("speed", float("nan"))):
        with pytest.raises(UsageError):
            session.control(action, value)


def test_a_record_that_cant_be_written_is_never_acknowledged(session: IncidentSession) -> None:
    """When the disk refuses, submit raises, the world hears nothing, and what was written still verifies."""
    session.recorder.close()
    with pytest.raises((TranscriptError, ValueError)):
        session.submit("scale chat-pool 10")
    assert verify(session.recorder.path.read_bytes()).ok
    session.world.advance(1_000_000)
    assert [f.type for f in session.world.facts()] == []
