"""The rules of red flags, one function each; `specs.flags` says in words when each proposes."""

from __future__ import annotations

from incidentsim.exact import format_clock
from incidentsim.scoring.flags.case import Case, Proposal, Rule, said_at
from incidentsim.scoring.play import Issued
from incidentsim.scoring.timeline import TEMPORARY_VERBS
from incidentsim.specs.flags import MANY_CAUSES, MANY_RESTARTS, SURE_PPM
from incidentsim.specs.knobs import parse_ratio

WHOLE_PPM = 1_000_000


def acts_before_looking(case: Case) -> Proposal | None:
    """Propose when the first act came before any look."""
    acts = case.acts()
    if not acts:
        return None
    first = acts[0][0]
    if any(look.seq < first.seq for look in case.told.play.looks):
        return None
    return Proposal(text=f"The first act, {said_at(first)}, came before any look.", seqs=(first.seq,))


def scales_out_first(case: Case) -> Proposal | None:
    """Propose when the first act was to scale, without evidence on a cause of what it touched."""
    acts = case.acts()
    if not acts or acts[0][0].verb != "scale" or acts[0][1].evidence_before:
        return None
    first = acts[0][0]
    return Proposal(text=f"The first act was {said_at(first)}, with no evidence for it seen.", seqs=(first.seq,))


def restarts_again(case: Case) -> Proposal | None:
    """Propose from three restarts on."""
    seqs = tuple(i.seq for i in case.told.play.given() if i.command.verb == "restart")
    if len(seqs) < MANY_RESTARTS:
        return None
    return Proposal(text=f"{len(seqs)} restarts.", seqs=seqs)


def resolved_while_burning(case: Case) -> Proposal | None:
    """Propose for every claim that it is over while an objective burned."""
    false = [s for s in case.told.words.statements if not s.truthful]
    if not false:
        return None
    said = "; ".join(f"“{s.text or 'resolve'}” at {format_clock(s.t_us)}" for s in false)
    return Proposal(text=f"Said while users were harmed: {said}.", seqs=tuple(s.seq for s in false))


def lists_every_cause(case: Case) -> Proposal | None:
    """Propose from five committed causes on, when most are not right."""
    committed = [c for c in case.told.verdict.claims if c.committed()]
    right = [c for c in committed if c.right]
    if len(committed) < MANY_CAUSES or len(right) * 2 >= len(committed):
        return None
    text = f"{len(committed)} causes committed, {len(right)} of them right."
    return Proposal(text=text, seqs=tuple(c.seq for c in committed))


def sure_and_wrong(case: Case) -> Proposal | None:
    """Propose for wrong causes that were committed as certain."""
    sure = [c for c in case.told.verdict.claims if c.p_ppm >= SURE_PPM and not c.right and not c.near]
    if not sure:
        return None
    named = ", ".join(f"{c.cause[0]} {c.cause[1]}" for c in sure)
    return Proposal(text=f"Committed as certain, and wrong: {named}.", seqs=tuple(c.seq for c in sure))


def leaves_overrides(case: Case) -> Proposal | None:
    """Propose for temporary measures that were neither undone, lifted nor written down."""
    left = case.told.times.unrecorded
    if not left:
        return None
    typed = "; ".join(said_at(m) for m in case.all_moves if m.seq in left)
    return Proposal(text=f"Left behind without a word: {typed}.", seqs=left)


def silences_instead(case: Case) -> Proposal | None:
    """Propose when an alert was silenced while users were harmed, before anything else was done."""
    other = next((m.seq for m, _ in case.acts() if m.verb != "silence"), None)
    silenced = [
        m for m, _ in case.acts()
        if m.verb == "silence" and m.undone_at is None and (other is None or m.seq < other)
        and case.told.curve.burning(m.t_us)
    ]  # fmt: skip
    if not silenced:
        return None
    typed = "; ".join(said_at(m) for m in silenced)
    return Proposal(text=f"Silenced before anything was done: {typed}.", seqs=tuple(m.seq for m in silenced))


def safety_off(case: Case) -> Proposal | None:
    """Propose when a guardrail's last setting lets everything through unseen."""
    undone = {ref for _, ref in case.told.play.reverts}
    last: dict[str, Issued] = {}
    for issued in case.told.play.given():
        knob = issued.command.args.get("knob", "")
        if issued.command.verb == "set" and knob.startswith("guardrail") and issued.seq not in undone:
            last[knob] = issued
    off = [issued for knob, issued in last.items() if _lets_through(knob, issued.command.args.get("value", ""))]
    if not off:
        return None
    typed = "; ".join(f"{i.text.partition(' --')[0]} at {format_clock(i.t_us)}" for i in off)
    return Proposal(text=f"A safety filter was switched off: {typed}.", seqs=tuple(i.seq for i in off))


def destructive_unprepared(case: Case) -> Proposal | None:
    """Propose for destructive moves without a dry run or evidence before them."""
    bare = [m for m, s in zip(case.all_moves, case.scored, strict=True) if s.unsafe]
    if not bare:
        return None
    typed = "; ".join(said_at(m) for m in bare)
    return Proposal(text=f"Neither previewed nor backed by evidence: {typed}.", seqs=tuple(m.seq for m in bare))


def made_it_worse(case: Case) -> Proposal | None:
    """Propose for acts that cost users and were left as they were. Lifting a temporary measure is none of them."""
    acts = [m for m, _ in case.acts()]
    made = case.told.times.temporary
    worse = [
        m for m, s in case.acts()
        if s.credit is not None and s.credit < 0.0 and not s.harmless and not s.undone
        and not (m.verb in TEMPORARY_VERBS and m.seq not in made)
        and not any((o.verb, o.target) == (m.verb, m.target) and o.seq > m.seq for o in acts)
    ]  # fmt: skip
    if not worse:
        return None
    typed = "; ".join(said_at(m) for m in worse)
    return Proposal(text=f"Users were worse off for it, and it stayed: {typed}.", seqs=tuple(m.seq for m in worse))


def hands_it_off(case: Case) -> Proposal | None:
    """Propose when a team-mate was paged first and nothing was done by oneself."""
    play = case.told.play
    paged = next((i for i in play.given() if i.command.verb == "page"), None)
    if paged is None or case.acts() or any(look.seq < paged.seq for look in play.looks):
        return None
    return Proposal(text="A team-mate was paged before any look, and no act followed.", seqs=(paged.seq,))


def _lets_through(knob: str, value: str) -> bool:
    name = knob.rpartition(".")[2]
    if name == "mode":
        return value == "off"
    wanted = {"block_threshold": WHOLE_PPM, "audit_sampling": 0}.get(name)
    try:
        return wanted is not None and parse_ratio(value) == wanted
    except ValueError:
        return False


RED: dict[str, Rule] = {
    "acts-before-looking": acts_before_looking,
    "scales-out-first": scales_out_first,
    "restarts-again": restarts_again,
    "resolved-while-burning": resolved_while_burning,
    "lists-every-cause": lists_every_cause,
    "sure-and-wrong": sure_and_wrong,
    "leaves-overrides": leaves_overrides,
    "silences-instead": silences_instead,
    "safety-off": safety_off,
    "destructive-unprepared": destructive_unprepared,
    "made-it-worse": made_it_worse,
    "hands-it-off": hands_it_off,
}
"""The rule of every red flag."""
