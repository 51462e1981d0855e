"""The score's JSON as rows of the report: facts, parts, times, moves, causes, claims, updates, what was missed.

Called by `build`. Values are the scorer's; here they get words and shown names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from incidentsim.exact import format_clock
from incidentsim.report.inputs import Extras
from incidentsim.report.model import (
    CauseRow,
    ClaimRow,
    EvidenceItem,
    Fact,
    MoveRow,
    PartRow,
    ScoreView,
    Sentence,
    StatementRow,
    TimeRow,
)
from incidentsim.report.phrases import clock, count, effect_words, evidence_item, input_words, tidy
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import RootCause, Scenario
from incidentsim.scoring.evidence import canonical
from incidentsim.scoring.explain import RULES
from incidentsim.scoring.index import WEIGHTS
from incidentsim.scoring.numbers import clip
from incidentsim.transcript.model import Record

Json = Mapping[str, Any]

_TIMES = {
    "detect": "Detected", "acknowledge": "Acknowledged", "engage": "Engaged", "identify": "Cause identified",
    "mitigate": "Users helped", "resolve": "Resolved",
}  # fmt: skip
"""Milestones in the order of a response, with their titles."""

_TELLING_WITHOUT_TRUTH = ("acknowledge", "engage")
"""Milestones that say nothing of what was wrong."""


def time_rows(card: Json, *, truth: bool) -> tuple[TimeRow, ...]:
    """Return the milestones, in the order of a response."""
    times = card.get("times", {})
    rows = []
    for key, title in _TIMES.items():
        if key not in times or not (truth or key in _TELLING_WITHOUT_TRUTH):
            continue
        t_us, seq = times[key].get("t_us"), times[key].get("seq")
        rows.append(TimeRow(key=key, title=title, t_us=t_us, clock=clock(t_us), seqs=() if seq is None else (seq,)))
    return tuple(rows)


def facts(card: Json, times: Mapping[str, TimeRow]) -> tuple[Fact, ...]:
    """Return the few figures of the strip at the top."""
    parts, out = card.get("parts", {}), []
    for key, note in (("mitigate", "objectives met again, by an action that helped"),
                      ("identify", "the top hypothesis became right, and stayed"),
                      ("resolve", "root causes removed, temporary measures settled")):  # fmt: skip
        row = times.get(key)
        if row is not None:
            out.append(Fact(title=row.title, value=row.clock, note=note, seqs=row.seqs, rule="times"))
    saved = parts.get("S", {}).get("value")
    value = "not measured" if saved is None else f"{100 * saved:.0f} %".replace("-", "−")
    out.append(Fact(title="Harm prevented", value=value,
                    note="of what the reference response prevents", rule="S",
                    seqs=tuple(parts.get("S", {}).get("seqs", ()))))  # fmt: skip
    diagnosis = parts.get("De", {}).get("value")
    out.append(Fact(title="Diagnosis", value="not measured" if diagnosis is None else f"{diagnosis:.2f} of 1",
                    note="right causes, honest probabilities, evidence seen", rule="De",
                    seqs=tuple(parts.get("De", {}).get("seqs", ()))))  # fmt: skip
    index = card.get("practice_index")
    error = (card.get("errors") or {}).get("practice_index")
    note = "no interval is known" if error is None else f"± {error:.1f}, one standard error"
    out.append(Fact(title="Practice index", value="not measured" if index is None else f"{index:.0f} of 100",
                    note=f"{note}; not an interview result", rule="index"))  # fmt: skip
    return tuple(out)


def score_view(card: Json, extras: Extras) -> ScoreView:
    """Return the practice index with its parts."""
    index, errors = card.get("practice_index"), card.get("errors") or {}
    error = errors.get("practice_index")
    siblings = len(card.get("siblings", ())) or "other"
    gate = (card.get("parts", {}).get("g") or {}).get("value")
    if index is None:
        interval = "There is no practice index: the world could not be run again, so effects are not measured."
    elif error is None:
        interval = "No interval is known: this is one play on one seed, and small differences mean nothing."
    else:
        interval = f"± {error:.1f}: one standard error, from the same commands on {siblings} sibling seeds."
    parts = sorted(card.get("parts", {}).items(), key=_place)
    return ScoreView(
        index=index, interval=interval, parts=tuple(_part(key, part, gate, errors.get(key)) for key, part in parts),
        strength=extras.strength, improvement=extras.improvement,
    )  # fmt: skip


def _place(item: tuple[str, Json]) -> tuple[int, bool, str]:
    """Return where a part stands: in the order of the rules, what a rule is made from after it."""
    key, rule = item[0], str(item[1].get("rule", ""))
    order = list(RULES)
    return order.index(rule) if rule in order else len(order), key != rule, key


def _part(key: str, part: Json, gate: float | None, error: float | None) -> PartRow:
    value, rule = part.get("value"), str(part.get("rule", ""))
    known = RULES.get(rule)
    own = key == rule and known is not None
    title = known.title if own and known else f"goes into {rule}"
    worth = 100 * WEIGHTS[key] if key in WEIGHTS else None
    points = None
    if worth is not None and value is not None:
        factor = (gate or 0.0) if key in ("S", "T") else 1.0
        points = worth * (clip(value) if key == "S" else value) * factor  # as `practice_index` counts them
    return PartRow(
        key=key, title=title, points=points, worth=worth, value=_with_error(value, error),
        rule=rule, seqs=tuple(part.get("seqs", ())),
        inputs=tuple(input_words(label, v) for label, v in part.get("inputs", {}).items()),
    )  # fmt: skip


def _with_error(value: float | None, error: float | None) -> str:
    shown = "not measured" if value is None else f"{value:.3f}"
    return shown if value is None or error is None else f"{shown} ± {error:.3f}"


def move_rows(card: Json, scenario: Scenario, *, truth: bool) -> tuple[MoveRow, ...]:
    """Return the actions, numbered in order. Without `truth`, without effects."""
    titles = {slo.id: tidy(slo.title) for slo in scenario.slos}
    rows = []
    for number, move in enumerate(card.get("moves", ()), start=1):
        said, _, rest = str(move.get("text", "")).partition(" --")
        credit = move.get("credit") if truth else None
        rows.append(MoveRow(
            number=number, t_us=move["t_us"], clock=format_clock(move["t_us"]), text=tidy(said),
            because=_because(rest), credit=credit, error=move.get("credit_error") if truth else None,
            effect=effect_words(credit, _in_order(move.get("bad_saved", {}), scenario), titles,
                                undone=bool(move.get("undone")), harmless=bool(move.get("harmless"))),
            causes=tuple(move.get("causes", ())) if truth else (),
            evidence_before=bool(move.get("evidence_before")) and truth,
            hypothesis_before=bool(move.get("hypothesis_before")) and truth,
            verified=bool(move.get("verified")) and truth, unsafe=bool(move.get("unsafe")) and truth,
            undone=bool(move.get("undone")), seqs=tuple(move.get("seqs", ())),
        ))  # fmt: skip
    return tuple(rows)


def _in_order(saved: Mapping[str, float], scenario: Scenario) -> dict[str, int]:
    """Return whole bad requests per objective, in the scenario's order."""
    return {slo.id: round(saved[slo.id]) for slo in scenario.slos if slo.id in saved}


def _because(options: str) -> str:
    before, found, reason = options.partition("because ")
    if not found or not (before == "" or before.endswith("--")):
        return ""
    return tidy(reason.strip().strip('"'))


def together(card: Json, scenario: Scenario, moves: Sequence[MoveRow]) -> Sentence | None:
    """Return what all actions did together, where there are several."""
    saved = card.get("bad_saved") or {}
    if len(moves) < 2 or not saved:
        return None
    titles = {slo.id: tidy(slo.title) for slo in scenario.slos}
    words = effect_words(1.0 if any(saved.values()) else 0.0, _in_order(saved, scenario), titles, undone=False)
    return Sentence(text=f"Together, the {count(len(moves), 'action')} {words}.",
                    seqs=tuple(m.seqs[0] for m in moves if m.seqs), rule="S")  # fmt: skip


def method(card: Json, moves: Sequence[MoveRow]) -> Sentence | None:
    """Return how the effect of one action was told apart from the others', where there are several."""
    if len([m for m in moves if m.credit is not None]) < 2:
        return None
    if card.get("credit_form"):
        text = "Each action's effect is its average over orders of the actions, so all of them add up."
    else:
        text = "Each action's effect is what leaving out only that one would have changed."
    return Sentence(text=text, rule="credit")


def cause_rows(card: Json, scenario: Scenario, cast: Cast, records: Sequence[Record]) -> tuple[CauseRow, ...]:
    """Return the root causes with their chains, the evidence for them, and what of it was seen."""
    seen = {s["item"]: s for s in reversed(card.get("evidence", {}).get("seen", ()))}
    rows = []
    for root in scenario.root_causes:
        sets = tuple(tuple(_item(item, seen, cast) for item in wanted) for wanted in root.evidence)
        claim = _right_claim(root, card, cast)
        gone = [r for r in records if r.type == "fault" and r.body.get("state") == "removed"
                and (r.body.get("component"), r.body.get("kind")) == (root.component, root.fault)]  # fmt: skip
        removed = f"removed at {format_clock(gone[-1].t_us)}" if gone else "not removed"
        complete = (items for items in sets if all(item.seqs for item in items))
        rows.append(CauseRow(
            id=root.id, component=tidy(cast.shown(root.component)), fault=root.fault, gone=bool(gone),
            why=tidy(cast.render(root.why)), removed=removed, evidence=sets,
            chain=tuple(dict.fromkeys(tidy(cast.shown(node)) for edge in root.chain for node in edge)),
            named=None if claim is None else claim["p"], named_seqs=() if claim is None else (claim["seq"],),
            carried=min(complete, key=lambda items: max(max(item.seqs) for item in items), default=()),
        ))  # fmt: skip
    return tuple(rows)


def _item(item: str, seen: Json, cast: Cast) -> EvidenceItem:
    sighting = seen.get(canonical(item))
    when = "" if sighting is None else format_clock(sighting["t_us"])
    return EvidenceItem(text=evidence_item(item, cast), clock=when, seqs=() if sighting is None else (sighting["seq"],))


def _right_claim(root: RootCause, card: Json, cast: Cast) -> Json | None:
    exact = {(root.component, root.fault), *root.aliases}
    names = {(cast.shown(component), fault) for component, fault in exact} | exact
    found = [c for c in card.get("diagnosis", ()) if (c["component"], c["fault"]) in names and c["verdict"] == "right"]
    return found[0] if found else None


def claim_rows(card: Json, cast: Cast, *, truth: bool) -> tuple[ClaimRow, ...]:
    """Return the diagnosis claim by claim."""
    return tuple(
        ClaimRow(
            component=tidy(cast.shown(c["component"])), fault=tidy(c["fault"]), p=c["p"], seqs=(c["seq"],),
            verdict=c["verdict"] if truth else "",
            evidence=("seen before" if c["evidence"] else "none seen before") if truth else "",
        )
        for c in card.get("diagnosis", ())
    )  # fmt: skip


def statement_rows(card: Json, *, truth: bool) -> tuple[StatementRow, ...]:
    """Return the updates to others."""
    return tuple(
        StatementRow(
            clock=format_clock(s["t_us"]), text=tidy(s["text"]) or "resolve", seqs=(s["seq"],),
            verdict=("true" if s["truthful"] else "users were still harmed") if truth else "",
        )
        for s in card.get("statements", ())
    )  # fmt: skip


def never_rows(card: Json, scenario: Scenario, cast: Cast) -> tuple[Sentence, ...]:
    """Return what was never looked at: needed evidence first, then other evidence, then whole kinds of signals."""
    roots = {root.id: f"{root.fault} of {cast.shown(root.component)}" for root in scenario.root_causes}
    missed = card.get("evidence", {}).get("missed", ())
    out = []
    for item in sorted(missed, key=lambda m: not m["needed"]):
        about = " and ".join(roots.get(cause, cause) for cause in item["causes"])
        weight = "" if item["needed"] else "; other evidence for it had been seen"
        out.append(Sentence(text=tidy(f"{evidence_item(item['item'], cast)}, which tells of {about}{weight}"),
                            rule="evidence"))  # fmt: skip
    return (*out, *(Sentence(text=tidy(area)) for area in card.get("never_looked_at", ())))
