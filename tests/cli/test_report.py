"""`incidentsim report`: a page, Markdown or JSON of one play, for one reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from incidentsim.session.engine import ENGINE_COMPAT
from incidentsim.transcript.recovery import read
from incidentsim.transcript.writer import TranscriptWriter
from tests.cli.conftest import CommandLine
from tests.transcript.builders import counting_salts


def of_another_engine(played: Path, out: Path, **header: Any) -> Path:
    """Write the same record as if another engine had made it."""
    record = read(played)
    kept = {k: v for k, v in record.header.items() if k not in ("fmt", "salt", "leaf", "link")}
    kept["engine"] = {**kept["engine"], "compat": ENGINE_COMPAT + 1}
    kept = {k: v for k, v in (kept | header).items() if v is not None}
    writer = TranscriptWriter.create(out, kept, new_salt=counting_salts())
    for r in record.records:
        writer.append(t_us=r.t_us, k=r.k, type=r.type, actor=r.actor, vis=r.vis, body=r.body, wall_ms=r.wall_ms)
    writer.close()
    return out


def test_a_page_is_written_beside_and_named(incidentsim: CommandLine, place: Path, played: Path) -> None:
    """Without options an HTML page for interviewers goes to NAME.report.html, and says where."""
    done = incidentsim("report", played)
    assert (done.code, done.err) == (0, "")
    assert done.out == "report written to played.report.html\n"
    page = (place / "played.report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and page.endswith("</html>\n")
    assert "for the interviewer" in page and "scale chat-pool 12" in page


def test_markdown_and_json_go_to_standard_output(incidentsim: CommandLine, played: Path) -> None:
    """The other forms print, with signals and both runs in them, and the same bytes each time."""
    markdown = incidentsim("report", played, "--format", "md", "--for", "candidate")
    assert markdown.out.startswith("# Incident report: ") and "What you did" in markdown.out
    first, second = (incidentsim("report", played, "--format", "json").out for _ in range(2))
    assert first == second
    report = json.loads(first)
    assert report["schema"] == "incidentsim-report/1" and report["head"]["measured"] is True
    kinds = {curve["kind"] for panel in report["chart"]["panels"] for curve in panel["curves"]}
    assert "nothing" in kinds


def test_a_record_of_another_engine_gives_what_needs_no_world(
    incidentsim: CommandLine, place: Path, played: Path
) -> None:
    """Another compat leaves out effects, index and signals, says so, and gives the rest."""
    other = of_another_engine(played, place / "other.jsonl")
    done = incidentsim("report", other, "--format", "json")
    report = json.loads(done.out)
    assert done.code == 0
    assert report["head"]["measured"] is False and report["score"]["index"] is None
    assert report["moves"] and report["causes"] and report["times"] and report["records"]
    assert {move["effect"] for move in report["moves"]} == {"not measured"}
    page = incidentsim("report", other, "--out", "-")
    assert "could not run the record again" in page.out


def test_a_kept_score_brings_its_rubric(incidentsim: CommandLine, place: Path, played: Path) -> None:
    """--score takes a score's JSON as it is, if it is of this play."""
    card = json.loads(incidentsim("score", played, "--json").out)
    card["errors"] = {"practice_index": 3.25}
    kept = place / "score.json"
    kept.write_text(json.dumps(card), encoding="utf-8")
    report = json.loads(incidentsim("report", played, "--format", "json", "--score", kept).out)
    assert "3.2" in report["score"]["interval"]
    card["seed"] += 1
    kept.write_text(json.dumps(card), encoding="utf-8")
    refused = incidentsim("report", played, "--score", kept)
    assert refused.code == 2 and "another play" in refused.err


def test_files_that_are_no_scores_or_checks_are_refused(incidentsim: CommandLine, place: Path, played: Path) -> None:
    """A file of another shape is bad usage, told in one message that names it."""
    wrong = place / "wrong.json"
    for option in ("--score", "--postmortem"):
        for text in ("", "[]", "{}", '{"schema": "incidentsim-score/1"}', "\x00"):
            wrong.write_text(text, encoding="utf-8")
            done = incidentsim("report", played, option, wrong)
            assert done.code == 2, text
            assert "wrong.json" in done.err and "Traceback" not in done.err


def test_a_checked_postmortem_is_added(incidentsim: CommandLine, place: Path, played: Path) -> None:
    """--postmortem adds the check's lines."""
    check = place / "check.json"
    line = {"line": 2, "said": "T+09:00", "kind": "time", "verdict": "wrong", "known": "T+00:05", "seqs": []}
    facts = {"right": 0, "wrong": 1, "unsupported": 0, "lines": [line]}
    check.write_text(json.dumps({"schema": "incidentsim-postmortem/1", "facts": facts}), encoding="utf-8")
    done = incidentsim("report", played, "--format", "md", "--postmortem", check)
    assert "T+09:00 (line 2) | wrong | the record: T+00:05" in done.out


def test_a_candidates_copy_is_refused_with_the_reason(incidentsim: CommandLine, place: Path, played: Path) -> None:
    """A projected copy holds no scenario: the message says that the host's transcript is needed."""
    copy = of_another_engine(played, place / "copy.jsonl", scenario=None)
    done = incidentsim("report", copy)
    assert done.code == 3
    assert "candidate's copy" in done.err


def test_a_place_that_can_t_be_written_is_told(incidentsim: CommandLine, place: Path, played: Path) -> None:
    """A bad --out is bad usage, not a crash."""
    done = incidentsim("report", played, "--out", place / "nowhere" / "x.html")
    assert done.code == 2
    assert "choose another --out" in done.err
