"""What a transcript knows: the times, lengths, shares and counts that a postmortem's figures are held against.

Called by `facts`. Every entry names the records it comes from. An entry that only the scenario knows (when a fault
began) is marked `truth`, and used for interviewers only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from incidentsim.exact import format_clock
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.burn import burn_curve, recorded_series
from incidentsim.scoring.numbers import whole_total
from incidentsim.scoring.play import Play, names_of, read_play, world_verb
from incidentsim.scoring.postmortem.numbers import Quantity, QuantityKind, quantities
from incidentsim.scoring.postmortem.stems import stem, stems
from incidentsim.specs.knobs import format_duration
from incidentsim.transcript.model import Record, Transcript

MINUTE_US = 60_000_000

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

_SLO_WORDS: dict[str, str] = {
    "ttft": "late slow first token ttft latency wait objective slo bad affected harmed delayed",
    "availability": "fail error timeout unanswered availability refused rejected 5xx bad slo unavailable",
    "quality": "quality wrong random irrelevant odd recommendation bad slo answer unrelated",
    "safety": "unsafe safety injection bad slo", "residency": "residency region bad slo",
    "privacy": "privacy leak personal bad slo",
}  # fmt: skip

_NOUNS: dict[str, str] = {
    "customer": "customer tenant", "replica": "replica pod engine", "alert": "alert", "status": "status update",
    "command": "command action step change",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One figure of the record.

    `heads` are stems one of which a sentence must hold to be about it, beside one of each set of `must`; `tails` make it surely
    about it. `strict`:
    a sentence that is surely about it and says another value is wrong; others can only bear a figure out. `quoted`: it
    stands in a text that the candidate saw, and is meant as it stands.
    """

    kind: QuantityKind
    value: int
    text: str
    heads: frozenset[str]
    tails: frozenset[str] = frozenset()
    must: tuple[frozenset[str], ...] = ()
    seqs: tuple[int, ...] = ()
    strict: bool = True
    truth: bool = False
    quoted: bool = False

    def about(self, said: frozenset[str]) -> bool:
        """Say whether a sentence of these stems can be about it."""
        return bool(self.heads & said) and all(some & said for some in self.must)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All that is known, and the tenants that were harmed, by shown name."""

    known: tuple[Known, ...]
    harmed: tuple[str, ...]
    tenants: tuple[str, ...]


def ledger(transcript: Transcript, scenario: Scenario, cast: Cast) -> Ledger:
    """Return what the record of this session says. Pure; times are scenario time."""
    play = read_play(transcript.records, names_of(cast, scenario))
    known = [
        *_moments(transcript.records), *_course(transcript.records, play, scenario),
        *_counts(transcript.records, play, scenario, cast), *_texts(transcript.records, scenario, cast),
        *_truth(scenario, cast),
    ]  # fmt: skip
    shown = tuple(cast.shown(t.id) for t in scenario.tenants)
    return Ledger(known=tuple(known), harmed=_harmed(transcript.records, scenario, cast), tenants=shown)


def _set(*texts: str) -> frozenset[str]:
    return frozenset(
        stem(w) for text in texts for w in text.replace("_", " ").replace(".", " ").replace("-", " ").split()
    )


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
                heads, tails = _set(_VERBS.get(verb, verb), verb), frozenset(stems(" ".join(args)))
                if verb == "set":
                    heads |= _set(str(body["args"].get("knob", "")).rpartition(".")[2])
                text = str(body.get("text") or verb)
            case "alert_fired" | "alert_cleared":
                word = "fire alert trigger page" if r.type == "alert_fired" else "clear resolve recover"
                heads, tails = _set(word), frozenset(stems(_split_name(str(body["alert"]))))
                tails |= _set(str(body["alert"]))
                text = f"{body['alert']} {'fired' if r.type == 'alert_fired' else 'cleared'}"
            case "page":
                heads, tails, text = _set("page"), _set("we were paged first"), "the page"
            case "ack":
                heads, tails, text = _set("acknowledge ack"), _set("we page"), "acknowledged"
            case "severity":
                heads, tails = _set("declare severity"), _set(str(body.get("severity", "")))
                text = f"declared {body.get('severity', '')}"
            case "status":
                heads, tails = _set("status update told announce inform"), frozenset(stems(str(body.get("text", ""))))
                text = "status update"
            case "message":
                heads, tails = _set("answer reply message write said told agree"), _set(str(body.get("who", "")))
                tails |= frozenset(stems(str(body.get("text", ""))))
                text = f"message of {body.get('who', '')}"
            case "hypothesis" | "diagnosis":
                heads = _set("hypothesis suspect suspicion diagnose diagnosis conclude identify")
                tails = frozenset(
                    stems(f"{body.get('statement', '')} {body.get('cause', '')} {body.get('component', '')}")
                )
                text = r.type
            case "change":
                name = str(body["change"])
                heads = _set(name, "deploy change rollout release waive update")
                tails = frozenset(stems(f"{name} {body.get('summary', '')}"))
                text = f"{name} {body.get('summary', '')}"
            case "end":
                heads, tails, text = _set("resolve close end finish"), _set("incident we session"), "the end"
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
    harm = _set("user customer slow late error harm impact token answer request degrade recommendation objective slo")
    if onset is not None:
        yield Known(kind="moment", value=onset, text=f"objective first missed {format_clock(onset)}",
                    heads=_set("start begin began onset first notice"), tails=harm)  # fmt: skip
    if calm is not None:
        yield Known(kind="moment", value=calm, text=f"objectives met again from {format_clock(calm)}", tails=harm,
                    heads=_set("recover restore normal mitigate calm back healthy met over"))  # fmt: skip
    lengths: list[tuple[int, str, frozenset[str], frozenset[str]]] = []
    if onset is not None and calm is not None:
        lengths.append(
            (
                calm - onset,
                "harm to users, first to last",
                _set("last incident outage impact degrade harm affect suffer for"),
                harm,
            )
        )
        lengths.append(
            (
                calm,
                "page to objectives met",
                _set("recover restore mitigate repair fix mitigation"),
                _set("page take took after within until time to"),
            )
        )
    if play.acks:
        lengths.append(
            (play.acks[0].t_us, "page to acknowledgement", _set("acknowledge ack"), _set("within after page take took"))
        )
    if play.said and (told := [s for s in play.said if s.kind == "status"]):
        lengths.append(
            (told[0].t_us, "page to first status", _set("status update inform told"), _set("first within after page"))
        )
    if acted:
        lengths.append(
            (acted[0], "page to first action", _set("act action mitigation respond"), _set("first within after page"))
        )
    if play.end_us is not None:
        lengths.append(
            (
                play.end_us,
                "page to the end",
                _set("resolve close incident session total last"),
                _set("page total whole take took"),
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
                    _set("fire alert"),
                    _set(_split_name(str(r.body["alert"]))),
                )
            )
    for us, text, heads, tails in lengths:
        # what counts as the length of an incident is a matter of definition, so these bear out and don't refute
        yield Known(kind="length", value=us, text=f"{text}: {format_duration(us // 1_000_000 * 1_000_000)}", heads=heads,
                    tails=tails, strict=text.startswith("page to ack"))  # fmt: skip


def _counts(records: Sequence[Record], play: Play, scenario: Scenario, cast: Cast) -> Iterable[Known]:
    """Yield requests by objective and tenant, shares of them, and how many there were of what can be counted."""
    tables = [(r.t_us, {k: (int(v[0]), int(v[1])) for k, v in r.body.get("sli", {}).items()}, r.seq)
              for r in records if r.type == "checkpoint"]  # fmt: skip
    if tables:
        last, page = tables[-1], next((t for t in tables if t[0] >= 0), tables[0])
        for slo in scenario.slos:
            tenants = [t.id for t in scenario.tenants]
            peak = _peak([(t, table) for t, table, _ in tables], slo.id, tenants)
            for some in ([*tenants], *([t] for t in tenants)):
                named = frozenset() if len(some) > 1 else frozenset(stems(" ".join(_called(some[0], cast))))
                offered, bad = _total(last[1], slo.id, some)
                since = (offered - _total(page[1], slo.id, some)[0], bad - _total(page[1], slo.id, some)[1])
                about = _set(_SLO_WORDS[slo.kind])
                only = (about, named) if named else (about,)
                who = "" if len(some) > 1 else f" of {cast.shown(some[0])}"
                for value, what in ((bad, "bad"), (since[1], "bad since the page")):
                    yield Known(kind="count", value=value * 1000, text=f"{value:,} {what} by {slo.id}{who}",
                                heads=_set("request answer token call recommendation"), tails=about | named, must=only, seqs=(last[2],))  # fmt: skip
                yield Known(kind="count", value=offered * 1000, text=f"{offered:,} requests{who}", strict=False,
                            heads=_set("request answer call"), must=only[1:], seqs=(last[2],))  # fmt: skip
                shares = [(bad, offered, "of all"), (since[1], since[0], "since the page")]
                for part, whole, what in shares:
                    if whole:
                        yield Known(kind="share", value=part * 1_000_000 // whole, seqs=(last[2],),
                                    text=f"{part * 100 / whole:.1f} % bad by {slo.id}{who}, {what}", heads=about, must=only)  # fmt: skip
            if peak is not None:
                yield Known(kind="share", value=peak, text=f"{peak / 10_000:.1f} % bad by {slo.id} in the worst minute",
                            heads=_set("worst peak height top maximum up at"), must=(_set(_SLO_WORDS[slo.kind]),),
                            strict=False)  # fmt: skip
        dollars = int(next(r for r in reversed(records) if r.type == "checkpoint").body.get("cost_microdollars", 0))
        yield Known(kind="count", value=dollars // 1000, text=f"${dollars / 1e6:.2f} spent", strict=False,
                    heads=_set("cost spend dollar spent bill"))  # fmt: skip
    said = [s for s in play.said if s.kind == "status"]
    pools = scenario.stack.pools
    for number, noun, strict in (
        (len(scenario.tenants), "customer", True), (len(said), "status", True),
        (len({str(r.body["alert"]) for r in records if r.type == "alert_fired"}), "alert", False),
        (len(play.given()), "command", False),
    ):  # fmt: skip
        yield Known(kind="count", value=number * 1000, text=f"{number} {_NOUNS[noun].split()[0]}s", heads=_set(_NOUNS[noun]),
                    tails=_set("all three four five each every sent") if strict else frozenset(), strict=False)  # fmt: skip
    for pool in pools:
        text = scenario.overrides.get(pool.id, {}).get("replicas", pool.knobs.get("replicas", "8"))
        if str(text).isdigit():
            yield Known(kind="count", value=int(str(text)) * 1000, text=f"{text} replicas of {pool.id} at the start",
                        heads=_set(_NOUNS["replica"]), strict=False)  # fmt: skip


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
                yield Known(kind="length", value=-entry.at, text=f"{change.id} came {format_duration(-entry.at)} before",
                            heads=_set(change.id, "deploy change rollout release waive update") | frozenset(stems(text)), strict=False)  # fmt: skip
                yield Known(kind="moment", value=entry.at, text=f"{format_clock(entry.at)} {change.id}", strict=False,
                            heads=_set(change.id, "deploy change rollout release waive update") | frozenset(stems(text)))  # fmt: skip
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
                        heads=_set("start begin began launch launched first") | tails, tails=tails, truth=True, strict=False)  # fmt: skip


def _harmed(records: Sequence[Record], scenario: Scenario, cast: Cast) -> tuple[str, ...]:
    """Return the tenants whose share of bad requests passed what an objective allows, in some minute or over all."""
    tables = [(r.t_us, {k: (int(v[0]), int(v[1])) for k, v in r.body.get("sli", {}).items()})
              for r in records if r.type == "checkpoint"]  # fmt: skip
    out = []
    for tenant in scenario.tenants:
        for slo in scenario.slos:
            peak = _peak(tables, slo.id, [tenant.id])
            if peak is not None and peak > 1_000_000 - slo.objective:
                out.append(cast.shown(tenant.id))
                break
    return tuple(out)


def _peak(tables: Sequence[tuple[int, dict[str, tuple[int, int]]]], slo: str, tenants: Sequence[str]) -> int | None:
    """Return the largest share of bad requests over any minute, in ppm."""
    best: int | None = None
    for i, (t_us, table) in enumerate(tables):
        before = next((b for b in reversed(tables[:i]) if b[0] <= t_us - MINUTE_US), None)
        if before is None:
            continue
        offered, bad = _total(table, slo, tenants)
        was = _total(before[1], slo, tenants)
        if offered > was[0]:
            best = max(best or 0, (bad - was[1]) * 1_000_000 // (offered - was[0]))
    return best


def _total(table: dict[str, tuple[int, int]], slo: str, tenants: Sequence[str]) -> tuple[int, int]:
    counts = [table.get(f"{slo}/{tenant}", (0, 0)) for tenant in tenants]
    return whole_total(c[0] for c in counts), whole_total(c[1] for c in counts)


def _called(tenant_id: str, cast: Cast) -> tuple[str, ...]:
    tenant = cast.tenants.get(tenant_id)
    return (tenant_id,) if tenant is None else (tenant.slug, tenant.name)


def _around(text: str, q: Quantity) -> str:
    start, end = max(0, q.start - 24), min(len(text), q.end + 24)
    return " ".join(text[start:end].split())
