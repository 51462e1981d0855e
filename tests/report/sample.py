"""One play written down: transcript, score and runs, with every optional section, for tests of reports.

Nothing of it is scored or simulated, so that these tests change when reports do and not when formulas do.
`python -m tests.report.sample` writes the golden view model again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from incidentsim.report.as_json import to_json
from incidentsim.report.build import build_report
from incidentsim.report.inputs import Extras, Runs, Signal
from incidentsim.report.model import Audience, Report, Sentence
from incidentsim.scenario.cast import Cast, TenantName
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.protocol import Mark
from incidentsim.transcript.model import Record, Transcript
from tests.scoring.toy import toy_scenario

GOLDEN = Path(__file__).parent / "golden.json"

CAST = Cast(
    tenants={
        "strategic": TenantName(slug="read-labs", name="Read Labs"), "others": TenantName(slug="others", name="O"),
    },
    people={"account-manager": "Pat Read"}, hosts={},
)  # fmt: skip

MINUTE = 60_000_000


def scenario() -> Scenario:
    """Return the toy's scenario."""
    return toy_scenario()


def marks(bad_from_us: int, bad_to_us: int, end_us: int) -> tuple[Mark, ...]:
    """Return 80 requests every 10 s from T-05:00 on, half of them bad between two times."""
    out, offered, bad = [], 0, 0
    for t_us in range(-290_000_000, end_us + 1, 10_000_000):
        offered += 80
        bad += 40 if bad_from_us < t_us <= bad_to_us else 0
        out.append((t_us, offered, bad))
    return tuple(out)


def transcript(*, ended: bool = True, text: str = "limited one tenant") -> Transcript:
    """Return the record; `text` is what the person wrote in several places."""
    end_us = 10 * MINUTE
    lines: list[tuple[int, str, str, str, dict[str, Any]]] = [
        (-120_000_000, "fault", "world", "g",
         {"component": "tenant.strategic", "kind": "context_growth", "state": "on"}),
        (-30_000_000, "alert_fired", "world", "cig", {"alert": "Burn", "labels": {}, "severity": "page",
                                                      "silenced": False, "summary": "too fast"}),
        (0, "page", "world", "cig", {"text": "slow", "source": "alerts"}),
        (10_000_000, "ack", "candidate", "cig", {}),
        (20_000_000, "look", "candidate", "cig", {"verb": "inspect", "args": {"component": "gateway"}, "lines": 3}),
        (30_000_000, "hypothesis", "candidate", "cig",
         {"number": 1, "statement": text, "cause": "gateway:length_blind_admission", "p_ppm": 600_000}),
        (MINUTE, "accepted", "candidate", "cig",
         {"verb": "limit", "args": {}, "because": text, "dry_run": False, "text": "limit read-labs tokens 180k"}),
        (2 * MINUTE, "accepted", "candidate", "cig",
         {"verb": "restart", "args": {}, "because": "", "dry_run": False, "text": "restart chat-pool"}),
        (3 * MINUTE, "status", "candidate", "cig", {"text": text}),
        (4 * MINUTE, "fault", "world", "g",
         {"component": "gateway", "kind": "length_blind_admission", "state": "removed"}),
        (5 * MINUTE, "alert_cleared", "world", "cig", {"alert": "Burn", "labels": {}}),
        (6 * MINUTE, "diagnosis", "candidate", "cig",
         {"component": "gateway", "fault": "length_blind_admission", "p_ppm": 800_000}),
        (7 * MINUTE, "note", "interviewer", "i", {"text": f"PRIVATE {text}"}),
    ]  # fmt: skip
    for t_us, offered, bad in marks(-MINUTE, 4 * MINUTE, end_us):
        sli = {"ttft/strategic": [offered // 4, bad // 2], "ttft/others": [offered - offered // 4, bad - bad // 2]}
        lines.append((t_us, "checkpoint", "world", "g", {"sli": sli, "cost_microdollars": 0}))
    lines.sort(key=lambda line: line[0])
    if ended:
        lines.append((end_us, "end", "candidate", "cig", {"reason": "resolved", "text": text}))
    records = tuple(
        Record(seq=seq, t_us=t_us, k=0, type=type_, actor=actor, vis=vis, body=body, wall_ms=0, salt="", leaf="",
               link=f"link-{seq}")
        for seq, (t_us, type_, actor, vis, body) in enumerate(lines)
    )  # fmt: skip
    header = {
        "seed": 7, "authority": "self", "cast": CAST.to_json(), "created_utc": "2026-01-02T03:04:05Z",
        "scenario": {"id": "toy", "version": 1, "digest": ""}, "engine": {"version": "0.1.0", "compat": 2},
    }  # fmt: skip
    return Transcript(header=header, records=records)


def seq_of(record: Transcript, type_: str, place: int = 0) -> int:
    """Return the number of a record by its type."""
    return [r.seq for r in record.records if r.type == type_][place]


def card(record: Transcript, *, text: str = "limited one tenant", measured: bool = True) -> dict[str, Any]:
    """Return a score of that record, with all optional sections."""
    first, second = seq_of(record, "accepted"), seq_of(record, "accepted", 1)
    look, told, named = seq_of(record, "look"), seq_of(record, "status"), seq_of(record, "diagnosis")
    stated = seq_of(record, "hypothesis")

    def move(seq: int, t_us: int, said: str, credit: float, saved: int, *, good: bool) -> dict[str, Any]:
        return {
            "seqs": [seq], "t_us": t_us, "verb": "limit", "target": "x", "text": said, "act": True,
            "credit": credit if measured else None, "bad_saved": {"ttft": saved} if measured else {},
            "causes": ["growth"], "evidence_before": good, "hypothesis_before": good, "verified": good,
            "counted": True, "unsafe": not good, "undone": False,
        }  # fmt: skip

    def part(rule: str, value: float | None, **inputs: Any) -> dict[str, Any]:
        return {"rule": rule, "value": value, "inputs": inputs, "seqs": [first]}

    effects = {"S": 0.8, "g": 0.9, "T": 0.5}
    return {
        "schema": "incidentsim-score/1", "scenario": {"id": "toy", "version": 1, "digest": ""}, "seed": 7,
        "authority": "self", "practice_index": 71.5 if measured else None,
        "parts": {
            **{name: part(name, value if measured else None) for name, value in effects.items()},
            "De": part("De", 0.6, committed=1), "D": part("De", 0.7), "P": part("P", 0.4, coverage=0.5),
            "C": part("C", 0.25, truthful=1), "H": part("H", 0.1, invariants_broken=""),
        },
        "moves": [move(first, MINUTE, f'limit read-labs tokens 180k --because "{text}"', 900.0, 900, good=True),
                  move(second, 2 * MINUTE, "restart chat-pool", -120.0, -120, good=False)],
        "bad_saved": {"ttft": 780} if measured else {},
        "evidence": {
            "seen": [{"item": "inspect:gateway", "t_us": 20_000_000, "seq": look, "explicit": True}],
            "missed": [{"item": "metric:gateway_tokens_total@tenant", "causes": ["growth"], "needed": True}],
        },
        "times": {"detect": {"t_us": 10_000_000, "seq": 3}, "acknowledge": {"t_us": 10_000_000, "seq": 3},
                  "identify": {"t_us": 30_000_000, "seq": stated}, "resolve": {"t_us": None, "seq": None}},
        "diagnosis": [{"component": "gateway", "fault": "length_blind_admission", "p": 0.8, "verdict": "right",
                       "evidence": True, "seq": named}],
        "statements": [{"seq": told, "t_us": 3 * MINUTE, "text": text, "claims_over": False, "truthful": True}],
        "durable": False if measured else None, "never_looked_at": ["traces"], "notes": ["One play on one seed."],
        "interview": {
            "measures": {"durable": {"value": 0.0, "inputs": {"removed": 1}, "seqs": [first]}},
            "rubric": {"id": "default", "title": "Default", "version": 1, "digest": "d"}, "rater": f"Ana {text}",
            "domains": [{
                "id": "reliability", "title": "Reliability engineering", "weight": 30, "points": 10.5,
                "automatic": [{"measure": "durable", "most": 3, "value": 0.0, "points": 0.0}],
                "human": [{"id": "mitigation", "title": "Mitigation choice", "most": 6, "mark": 4, "points": 4.5,
                           "anchor": "limits the blast radius", "note": f"MARK {text}", "seqs": [first]}],
            }],
            "automatic": {"points": 30.2, "most": 44}, "human": {"points": None, "most": 56}, "total": None,
            "standard_error": None, "missing": ["clarity"], "unsupported": [], "suggestion": None, "why": [],
        },
        "hypotheses": {"rows": [{"number": 1, "text": text, "cause": "gateway:length_blind_admission",
                                 "state": "committed", "verdict": "right",
                                 "steps": [{"t_us": 30_000_000, "seq": stated, "kind": "stated", "p": 0.6}]}]},
        "flags": {
            "proposed": [{"id": "restarts", "colour": "red", "title": "Restarts unseen", "text": f"FLAG {text}",
                          "seqs": [second], "verdict": "unconfirmed"}],
            "for_people": [{"id": "limits", "colour": "green", "title": "Names limits", "question": "Did they?"}],
        },
    }  # fmt: skip


def postmortem(text: str = "limited one tenant") -> dict[str, Any]:
    """Return a checked postmortem."""
    return {
        "schema": "incidentsim-postmortem/1",
        "facts": {"right": 1, "wrong": 0, "unsupported": 0, "lines": [
            {"line": 3, "said": text, "kind": "time", "verdict": "right", "known": "T+01:00", "seqs": [4]}]},
        "causality": {"score": 0.5, "precision": 1.0, "recall": 0.5, "edges": 2, "missing_count": 1,
                      "missing": [["SECRET STEP", "impact"]], "claims": [
                          {"cause": "growth", "effect": "backlog", "verdict": "found", "line": 5, "text": text,
                           "guess": False}]},
        "prevention": {"share": 0.4, "items": [
            {"line": 9, "text": text, "controls": ["gateway.admission=tokens"], "problem": "",
             "measure": {"seeds": 5, "prevented": 0.4, "least": 0.3, "greatest": 0.5}}]},
        "strength": {"text": text, "lines": [3], "seqs": []}, "improvement": {"text": "", "lines": [], "seqs": []},
        "notes": [],
    }  # fmt: skip


def extras(text: str = "limited one tenant") -> Extras:
    """Return what else is known of the play."""
    end_us = 30 * MINUTE
    return Extras(
        runs=Runs(nothing={"ttft": marks(-MINUTE, end_us, end_us)},
                  played={"ttft": marks(-MINUTE, 4 * MINUTE, end_us)}),
        signals=(Signal(key="queue", title=text, unit="requests", points=((-MINUTE, 1.0), (0, 5.0), (MINUTE, 2.0))),),
        strength=Sentence(text="You looked first.", seqs=(4,)), postmortem=postmortem(text),
    )  # fmt: skip


def report(audience: Audience = "interviewer", *, ended: bool = True, text: str = "limited one tenant") -> Report:
    """Return the report of the play."""
    record = transcript(ended=ended, text=text)
    return build_report(card(record, text=text), record, scenario(), audience=audience, extras=extras(text))


def golden(audience: Audience) -> dict[str, Any]:
    """Return what the golden file holds of one report: all but the rules' texts and the curves' points."""
    body = to_json(report(audience))
    del body["rules"]
    for panel in body["chart"]["panels"]:
        for curve in panel["curves"]:
            curve["points"] = [len(curve["points"]), *curve["points"][-1:]]
    body["chart"]["table"] = body["chart"]["table"][:3]
    return body


if __name__ == "__main__":
    both = {audience: golden(audience) for audience in ("interviewer", "candidate")}
    GOLDEN.write_text(json.dumps(both, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
