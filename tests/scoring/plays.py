"""Scripted plays as transcripts: command lines at seconds after T+0, recorded as a session records them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from incidentsim.commands.parse import parse
from incidentsim.scenario.cast import Cast, TenantName, plain_cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.naming import vocabulary
from incidentsim.scoring.protocol import MARK_US, Plan
from incidentsim.specs.verbs import VERBS
from incidentsim.specs.vocabulary import Vocabulary
from incidentsim.transcript.model import Record, TimedCommand, Transcript
from tests.scoring.toy import PRELUDE_US, run

Line = tuple[float, str]
"""(seconds after T+0, command line); `view logs 5` is a screen in front for five seconds."""


def renamed_cast(scenario: Scenario) -> Cast:
    """Return a cast with made-up names for everything that has one."""
    plain = plain_cast(scenario)
    tenants = {t: TenantName(slug=f"{t[:3]}-foods", name=f"{t.title()} Foods") for t in plain.tenants}
    return Cast(tenants=tenants, people={r: f"Pat {r.title()}" for r in plain.people}, hosts=plain.hosts)


def shown_vocabulary(scenario: Scenario, cast: Cast) -> Vocabulary:
    """Return the plain vocabulary with the cast's names."""
    plain = vocabulary(scenario)
    return replace(
        plain,
        components={cast.shown(name): kind for name, kind in plain.components.items()},
        tenants=tuple(cast.shown(name) for name in plain.tenants),
        causes=tuple((cast.shown(component), fault) for component, fault in plain.causes),
    )


def played(
    lines: Sequence[Line], scenario: Scenario, *, cast: Cast | None = None, wall_step_ms: int = 1000,
    end_s: float = 1800,
) -> Transcript:  # fmt: skip
    """Return the transcript of a play, with the checkpoints that the toy world gives."""
    cast = cast or plain_cast(scenario)
    known = shown_vocabulary(scenario, cast)
    bodies: list[tuple[int, int, str, dict[str, Any]]] = []
    given: list[tuple[int, TimedCommand]] = []
    for order, (seconds, text) in enumerate(sorted(lines, key=lambda line: line[0])):
        t_us = int(seconds * 1_000_000)
        bodies += [(t, order, kind, body) for t, kind, body in _records(t_us, cast.render(text), known)]
        if bodies[-1][2] == "hypothesis":
            bodies[-1][3]["number"] = len([body for body in bodies if body[2] == "hypothesis"])
        kind, body = bodies[-1][2:]
        if kind == "accepted" and not body["dry_run"]:
            command = parse(cast.render(text), known)
            given.append((order, TimedCommand(t_us=t_us, k=order, ref=order, command=command)))
    for order, (text_s, text) in enumerate(sorted(lines, key=lambda line: line[0])):
        if text.startswith("ask"):
            bodies.append((int(text_s * 1e6) + 45_000_000, order, "message", {"who": "x", "text": "y", "ref": order}))
    outcome = run(Plan(commands=tuple(command for _, command in given), end_us=scenario.duration))
    totals = outcome.series["ttft"]
    bodies += [
        (t, -1, "checkpoint", {"sli": {"ttft/others": [offered, bad]}, "cost_microdollars": 0})
        for t, offered, bad in totals
        if -PRELUDE_US + MARK_US <= t <= end_s * 1_000_000
    ]  # fmt: skip
    bodies.sort(key=lambda item: (item[0], item[1]))
    numbers = {item[1]: seq for seq, item in enumerate(bodies) if item[2] in ("accepted", "look")}
    records: list[Record] = []
    for seq, (t_us, order, kind, body) in enumerate(bodies):
        if kind == "message":
            body = body | {"ref": numbers[body["ref"]]}
        if kind == "accepted" and body["verb"] == "undo":
            target = numbers[int(body["args"]["seq"])]
            body = body | {"args": {"seq": str(target)}}
        records.append(_record(seq, t_us, order, kind, body, wall_step_ms=wall_step_ms))
    records.append(_record(len(records), int(end_s * 1e6), 0, "end", {"reason": "time"}, wall_step_ms=wall_step_ms))
    header = {"seed": 7, "authority": "self", "cast": cast.to_json(), "scenario": {"id": scenario.id}}
    return Transcript(header=header, records=tuple(records))


def _records(t_us: int, text: str, known: Vocabulary) -> list[tuple[int, str, dict[str, Any]]]:
    if text.startswith("view "):
        _, screen, seconds = text.split()
        open_us = int(float(seconds) * 1_000_000)
        closed = {"screen": screen, "open_us": open_us}
        return [(t_us + open_us, "view_closed", closed), (t_us, "view_opened", {"screen": screen})]
    command = parse(text, known)
    args = dict(command.args)
    group = VERBS[command.verb].group
    p_ppm = int(float(args["p"]) * 1_000_000) if "p" in args else None
    match command.verb:
        case "hypothesis":
            cause = args.get("cause", "")
            body: dict[str, Any] = {
                "number": 1,
                "statement": args["statement"],
                "cause": cause,
                "p_ppm": p_ppm,
            }
            return [(t_us, "hypothesis", body)]
        case "rule-out":
            return [(t_us, "rule_out", {"number": int(args["what"]), "text": args["what"]})]
        case "diagnose":
            return [(t_us, "diagnosis", {"component": args["component"], "fault": args["fault"], "p_ppm": p_ppm})]
        case "status" | "note":
            return [(t_us, command.verb, {"text": args["text"]})]
        case "ack":
            return [(t_us, "ack", {})]
        case "hint":
            return [(t_us, "hint", {"number": 1, "of": 2, "price": 7, "next": 9, "text": "Whose prompts are long?"})]
        case "resolve":
            return [(t_us, "resolve", {"text": args.get("text", "")})]
        case "ask":
            args["topic"] = "trim" if "trim" in args["question"] else ""
    if group == "look" and command.verb != "ask":
        return [(t_us, "look", {"verb": command.verb, "args": args, "digest": "d", "lines": 3})]
    body = {"verb": command.verb, "args": args, "because": command.because, "dry_run": command.dry_run}
    return [(t_us, "accepted", body | {"text": text, "nonce": ""})]


def _record(
    seq: int, t_us: int, k: int, kind: str, body: dict[str, Any], *, wall_step_ms: int
) -> Record:  # fmt: skip
    return Record(
        seq=seq, t_us=t_us, k=k, type=kind, actor="candidate", vis="cig", body=body,
        wall_ms=seq * wall_step_ms, salt="", leaf="", link="",
    )  # fmt: skip


SLO = "query sum(rate(slo_bad_requests_total[1m])) / sum(rate(slo_requests_total[1m]))"
TOKENS = "query sum by (tenant) (rate(gateway_tokens_total[1m]))"

EXPERT: tuple[Line, ...] = (
    (10, "ack"), (15, SLO), (25, TOKENS), (40, "changes"), (45, "changes chg-1"),
    (55, "inspect gateway"), (60, 'status "chat is slow for everyone, looking at one tenant"'),
    (70, 'hypothesis "long prompts" --p 0.8 --cause tenant.{tenant.strategic}:context_growth'),
    (75, 'hypothesis "blind admission" --p 0.7 --cause gateway:length_blind_admission'),
    (90, 'ask account-manager "can they trim their history?"'), (110, "limit {tenant.strategic} tokens 180k"),
    (130, SLO), (140, 'status "limited one tenant, others recovering soon"'),
    (170, "set gateway.admission tokens"),
    (200, SLO), (260, 'status "admission counts tokens now, waiting for the tenant to trim"'),
    (400, "limit {tenant.strategic} tokens unlimited"), (450, SLO),
    (500, 'note "limit on {tenant.strategic} lifted"'),
    (520, "diagnose tenant.{tenant.strategic} context_growth --p 0.95"),
    (525, "diagnose gateway length_blind_admission --p 0.95"),
    (600, 'status "recovered, the objective has been met for three minutes"'),
)  # fmt: skip

NOVICE: tuple[Line, ...] = (
    (30, "ack"), (60, SLO), (120, "query avg(DCGM_FI_DEV_GPU_UTIL)"), (150, 'status "looking into it"'),
    (240, "restart chat-pool"), (330, SLO), (420, "trace slowest"), (480, TOKENS),
    (560, 'hypothesis "one tenant" --p 0.6 --cause tenant.{tenant.strategic}:context_growth'),
    (600, "limit {tenant.strategic} tokens 180k"), (660, SLO), (700, 'status "limited a tenant"'),
    (900, "diagnose tenant.{tenant.strategic} context_growth --p 0.7"),
)  # fmt: skip

LUCKY: tuple[Line, ...] = (
    (60, "set gateway.admission tokens"), (70, "diagnose gateway length_blind_admission --p 1.0"),
)  # fmt: skip
