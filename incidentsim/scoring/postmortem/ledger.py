"""What a transcript knows: the times, lengths, shares and counts that a postmortem's figures are held against.

Called by `facts`. Every entry names the records it comes from. An entry that only the scenario knows (when a fault
began) is marked `truth`, and used for interviewers only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from incidentsim.exact import format_clock
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.burn import burn_curve, recorded_series
from incidentsim.scoring.play import Play, names_of, read_play, world_verb
from incidentsim.scoring.postmortem.counts import counts, harmed
from incidentsim.scoring.postmortem.known import Known, stems_of
from incidentsim.scoring.postmortem.numbers import Quantity, quantities
from incidentsim.scoring.postmortem.stems import stems
from incidentsim.specs.knobs import format_duration
from incidentsim.transcript.model import Record, Transcript

_VERBS: dict[str, str] = {
    "set": "set change switch configure turn raise lower", "limit": "limit cap throttle restrict",
    "rollback": "rollback roll revert back undo", "restart": "restart reboot bounce", "scale": "scale add replica",
    "page": "page call", "ask": "ask question", "waiver": "waiver expire end", "shed": "shed drop refuse",
    "route": "route send", "priority": "priority prioritise deprioritise", "silence": "silence mute",
    "undo": "undo revert", "cordon": "cordon", "drain": "drain", "failover": "failover", "pin": "pin",
    "canary": "canary", "flag": "flag toggle", "fallback": "fallback", "purge": "purge flush", "warm": "warm",
    "pause": "pause stop", "resume": "resume", "rerun": "rerun", "backfill": "backfill", "approve": "approve",
    "alert": "alert threshold",
}  # fmt: skip
"""By verb of a command: what people say they did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All that is known, and of each tenant, by shown name, whether it was harmed; None where it can be argued."""

    known: tuple[Known, ...]
    harmed: Mapping[str, bool | None]


def ledger(transcript: Transcript, scenario: Scenario, cast: Cast) -> Ledger:
    """Return what the record of this session says. Pure; times are scenario time."""
    play = read_play(transcript.records, names_of(cast, scenario))
    known = [
        *_moments(transcript.records), *_course(transcript.records, play, scenario),
        *counts(transcript.records, play, scenario, cast), *_texts(transcript.records, scenario, cast),
        *_truth(scenario, cast),
    ]  # fmt: skip
    return Ledger(known=tuple(known), harmed=harmed(transcript.records, scenario, cast))


def _moments(records: Sequence[Record]) -> Iterable[Known]:
    """Yield when each recorded thing happened that a candidate can know of."""
    for r in records:
        body = r.body
        heads, tails, text = frozenset[str](), frozenset[str](), ""
        match r.type:
            case "accepted" if not body.get("dry_run"):
                verb, args = str(body.get("verb")), [str(v) for v in dict(body.get("args", {})).values()]
                if not world_verb(verb):
                    continue
                heads, tails = stems_of(_VERBS.get(verb, verb), verb), frozenset(stems(" ".join(args)))
                if verb == "set":
                    heads |= stems_of(str(body["args"].get("knob", "")).rpartition(".")[2])
                text = str(body.get("text") or verb)
            case "alert_fired" | "alert_cleared":
                word = "fire alert trigger page" if r.type == "alert_fired" else "clear resolve recover"
                heads, tails = stems_of(word), frozenset(stems(_split_name(str(body["alert"]))))
                tails |= stems_of(str(body["alert"]))
                text = f"{body['alert']} {'fired' if r.type == 'alert_fired' else 'cleared'}"
            case "page":
                heads, tails, text = stems_of("page"), stems_of("we were paged first"), "the page"
            case "ack":
                heads, tails, text = stems_of("acknowledge ack"), stems_of("we page"), "acknowledged"
            case "severity":
                heads, tails = stems_of("declare severity"), stems_of(str(body.get("severity", "")))
                text = f"declared {body.get('severity', '')}"
            case "status":
                heads, tails = (
                    stems_of("status update told announce inform"),
                    frozenset(stems(str(body.get("text", "")))),
                )
                text = "status update"
            case "message":
                heads, tails = (
                    stems_of("answer reply message write said told agree"),
                    stems_of(str(body.get("who", ""))),
                )
                tails |= frozenset(stems(str(body.get("text", ""))))
                text = f"message of {body.get('who', '')}"
            case "hypothesis" | "diagnosis":
                heads = stems_of("hypothesis suspect suspicion diagnose diagnosis conclude identify")
                tails = frozenset(
                    stems(f"{body.get('statement', '')} {body.get('cause', '')} {body.get('component', '')}")
                )
                text = r.type
            case "change":
                name = str(body["change"])
                heads = stems_of(name, "deploy change rollout release waive update")
                tails = frozenset(stems(f"{name} {body.get('summary', '')}"))
                text = f"{name} {body.get('summary', '')}"
            case "end":
                heads, tails, text = stems_of("resolve close end finish"), stems_of("incident we session"), "the end"
            case _:
                continue
        if r.t_us <= -600_000_000 and r.type == "change":
            continue  # older changes are entered when the prelude begins
        yield Known(kind="moment", value=r.t_us, text=f"{format_clock(r.t_us)} {text}", heads=heads, tails=tails,
                    seqs=(r.seq,))  # fmt: skip


def _split_name(name: str) -> str:
    """Return the words of a name in CamelCase."""
    return "".join(f" {c}" if c.isupper() else c for c in name)


def _course(records: Sequence[Record], play: Play, scenario: Scenario) -> Iterable[Known]:
    """Yield the course of the harm: when it began and ended, and the lengths people give."""
    curve = burn_curve(recorded_series(records), scenario)
    onset = next((t for t, over in zip(curve.times_us, curve.over, strict=True) if over), None)
    acted = [i.t_us for i in play.given()]
    calm = None
    if onset is not None:
        since = max(onset, acted[0] if acted else 0)
        last_over = max(t for t, over in zip(curve.times_us, curve.over, strict=True) if over)
        after = [t for t in curve.times_us if t > last_over]
        # a session may be closed before two calm minutes are over; then it is calm from its last bad minute on
        calm = curve.calm_from_us(since) or (after[0] if after else None)
    harm = stems_of(
        "user customer slow late error harm impact token answer request degrade recommendation objective slo"
    )
    if onset is not None:
        yield Known(kind="moment", value=onset, text=f"objective first missed {format_clock(onset)}",
                    heads=stems_of("start begin began onset first notice"), tails=harm)  # fmt: skip
    if calm is not None:
        yield Known(kind="moment", value=calm, text=f"objectives met again from {format_clock(calm)}", tails=harm,
                    heads=stems_of("recover restore normal mitigate calm back healthy met over"))  # fmt: skip
    lengths: list[tuple[int, str, frozenset[str], frozenset[str]]] = []
    if onset is not None and calm is not None:
        lengths.append(
            (
                calm - onset,
                "harm to users, first to last",
                stems_of("last incident outage impact degrade harm affect suffer for"),
                harm,
            )
        )
        lengths.append(
            (
                calm,
                "page to objectives met",
                stems_of("recover restore mitigate repair fix mitigation"),
                stems_of("page take took after within until time to"),
            )
        )
    if play.acks:
        lengths.append(
            (
                play.acks[0].t_us,
                "page to acknowledgement",
                stems_of("acknowledge ack"),
                stems_of("within after page take took"),
            )
        )
    if play.said and (told := [s for s in play.said if s.kind == "status"]):
        lengths.append(
            (
                told[0].t_us,
                "page to first status",
                stems_of("status update inform told"),
                stems_of("first within after page"),
            )
        )
    if acted:
        lengths.append(
            (
                acted[0],
                "page to first action",
                stems_of("act action mitigation respond"),
                stems_of("first within after page"),
            )
        )
    if play.end_us is not None:
        lengths.append(
            (
                play.end_us,
                "page to the end",
                stems_of("resolve close incident session total last"),
                stems_of("page total whole take took"),
            )
        )
    fired: dict[str, Record] = {}
    for r in records:
        if r.type == "alert_fired":
            fired.setdefault(str(r.body["alert"]), r)
        elif r.type == "alert_cleared" and str(r.body["alert"]) in fired:
            start = fired.pop(str(r.body["alert"]))
            lengths.append(
                (
                    r.t_us - start.t_us,
                    f"{r.body['alert']} fired for",
                    stems_of("fire alert"),
                    stems_of(_split_name(str(r.body["alert"]))),
                )
            )
    for us, text, heads, tails in lengths:
        # what counts as the length of an incident is a matter of definition, so these bear out and don't refute
        shown = format_duration(us // 1_000_000 * 1_000_000)
        yield Known(kind="length", value=us, text=f"{text}: {shown}", heads=heads,
                    tails=tails, strict=text.startswith("page to ack"))  # fmt: skip


def _texts(records: Sequence[Record], scenario: Scenario, cast: Cast) -> Iterable[Known]:
    """Yield the figures in what the candidate was shown or typed: they bear a figure out, and refute none."""
    sources: list[tuple[str, tuple[int, ...]]] = [
        (" ".join((scenario.briefing, *(f"{s.title} objective {s.objective / 10_000:g} %" for s in scenario.slos))), ())
    ]
    shown = {str(r.body["change"]) for r in records if r.type == "change"}
    for entry in scenario.timeline:
        if entry.change and entry.change.id in shown:
            change = entry.change
            text = cast.render(" ; ".join((change.summary, *change.detail)))
            sources.append((f"{change.id} change {text}", ()))
            if entry.at < 0:
                heads = stems_of(change.id, "deploy change rollout release waive update") | frozenset(stems(text))
                ago = f"{change.id} came {format_duration(-entry.at)} before"
                yield Known(kind="length", value=-entry.at, text=ago, heads=heads, strict=False)
                yield Known(kind="moment", value=entry.at, text=f"{format_clock(entry.at)} {change.id}", heads=heads,
                            strict=False)  # fmt: skip
    for r in records:
        if "c" in r.vis and r.type in ("message", "effect", "alert_fired", "page", "accepted", "status", "note"):
            text = " ".join(str(r.body.get(key, "")) for key in ("text", "summary", "because"))
            sources.append((text, (r.seq,)))
    for text, seqs in sources:
        heads = frozenset(stems(text))
        for q in quantities(text):
            if q.kind in ("share", "count", "length"):
                for value in q.values:
                    yield Known(
                        kind=q.kind, value=value, text=f"“{_around(text, q)}”", heads=heads, seqs=seqs, strict=False,
                        quoted=True,
                    )  # fmt: skip


def _truth(scenario: Scenario, cast: Cast) -> Iterable[Known]:
    for entry in scenario.timeline:
        if entry.fault and entry.when is None:
            tails = frozenset(stems(" ".join((cast.shown(entry.fault.component), entry.fault.kind.replace("_", " ")))))
            yield Known(kind="moment", value=entry.at, text=f"{format_clock(entry.at)} {entry.fault.kind} began",
                        heads=stems_of("start begin began launch launched first") | tails, tails=tails, truth=True,
                        strict=False)  # fmt: skip


def _around(text: str, q: Quantity) -> str:
    start, end = max(0, q.start - 24), min(len(text), q.end + 24)
    return " ".join(text[start:end].split())
