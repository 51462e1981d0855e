"""The rules of green flags, one function each; `specs.flags` says in words when each proposes."""

from __future__ import annotations

import re

from incidentsim.exact import format_clock
from incidentsim.scoring.evidence import SLO_METRICS, items_of_look
from incidentsim.scoring.flags.case import Case, Proposal, Rule, said_at
from incidentsim.scoring.hypotheses import verdict_on
from incidentsim.scoring.measures import risky, single_replica, tried_first
from incidentsim.scoring.process import VERIFY_US
from incidentsim.scoring.promql_names import metrics_in
from incidentsim.specs.flags import EARLY_LOOKS, SLICES

SLICING_LABELS = frozenset(
    ("tenant", "model", "model_name", "pool", "backend", "replica", "pod", "instance", "node", "region", "shard",
     "le", "version", "revision", "tier", "route")
)  # fmt: skip
"""Labels by which harm is narrowed down to somebody or something; `le` are lengths and latencies."""

NARROW_VERBS = ("limit", "priority", "canary", "terminate", "waiver")
"""Verbs that act on one tenant, one conversation or a share."""

_GAP = re.compile(
    r"detection gap|blind spot"
    r"|\b(?:no|missing|lacks?|lacking|without an?|never an?)\s+(?:[\w-]+\s+){0,3}"
    r"(?:alerts?|metrics?|dashboards?|signals?|alarms?)\b"
    r"|\b(?:not|never|n't)\s+(?:[\w-]+\s+){0,1}(?:alerted|paged|monitored|measured)\b",
    re.IGNORECASE,
)
"""How people say that something should have told them."""


def hypothesis_first(case: Case) -> Proposal | None:
    """Propose when every act came after a hypothesis on its cause."""
    acts = case.acts()
    if not acts or not all(s.hypothesis_before for _, s in acts):
        return None
    first = acts[0][0].seq
    stated = [b.seq for b in case.told.play.beliefs if b.seq < first]
    many = "1 act" if len(acts) == 1 else f"{len(acts)} acts, each"
    text = f"{many} after a hypothesis that names a cause of what it touched."
    return Proposal(text=text, seqs=(*stated, *(m.seq for m, _ in acts)))


def slices_the_tail(case: Case) -> Proposal | None:
    """Propose when metrics were sliced by two labels or more."""
    by: dict[str, int] = {}
    for look in case.told.play.looks:
        if look.verb == "query":
            for labels in metrics_in(look.args.get("expr", "")).values():
                for label in labels:
                    if label in SLICING_LABELS:
                        by.setdefault(label, look.seq)
    if len(by) < SLICES:
        return None
    return Proposal(text=f"Sliced by {', '.join(by)}.", seqs=tuple(dict.fromkeys(by.values())))


def checks_changes_early(case: Case) -> Proposal | None:
    """Propose when the change log is among the first looks, before any act."""
    acts = case.acts()
    early = case.told.play.looks[:EARLY_LOOKS]
    found = next((look for look in early if look.verb == "changes"), None)
    if found is None or (acts and acts[0][0].seq < found.seq):
        return None
    return Proposal(text=f"Recent changes were checked at {format_clock(found.t_us)}.", seqs=(found.seq,))


def tries_small_first(case: Case) -> Proposal | None:
    """Propose when every risky move was tried out first."""
    told = case.told
    moves = [m for m in case.all_moves if risky(m, told.scenario)]
    tried = [tried_first(m, told.play, told.scenario, told.names) for m in moves]
    if not moves or not all(tried):
        return None
    typed = "; ".join(said_at(m) for m in moves)
    return Proposal(text=f"Tried out first: {typed}.", seqs=tuple(seq for seqs in tried for seq in seqs))


def verifies_then_announces(case: Case) -> Proposal | None:
    """Propose when a true all-clear rests on a look at the objectives after the last act."""
    play, names = case.told.play, case.told.names
    wanted = [f"metric:{name}" for name in SLO_METRICS]
    for s in case.told.words.statements:
        acts = [m for m, _ in case.acts() if m.seq < s.seq]
        if not (s.claims_over and s.truthful and acts):
            continue
        looks = [
            look for look in play.looks
            if max(acts[-1].seqs) < look.seq < s.seq and s.t_us - look.t_us <= VERIFY_US
            and any(item in wanted for item in items_of_look(look, names))
        ]  # fmt: skip
        if looks:
            text = f"The objectives were checked before the all-clear at {format_clock(s.t_us)}."
            return Proposal(text=text, seqs=(looks[-1].seq, s.seq))
    return None


def withdraws_wrong(case: Case) -> Proposal | None:
    """Propose for hypotheses that name a wrong cause and were ruled out."""
    play = case.told.play
    wrong = {
        s.number: s for s in play.stated
        if s.cause is not None and verdict_on(s.cause, case.told.scenario) != "right"
    }  # fmt: skip
    found = [(wrong[r.number], r) for r in play.ruled_out if r.number in wrong]
    if not found:
        return None
    said = "; ".join(f"“{s.text}”" for s, _ in found)
    return Proposal(text=f"Withdrawn, and rightly: {said}.", seqs=tuple(r.seq for _, r in found))


def limits_blast_radius(case: Case) -> Proposal | None:
    """Propose when the first act is narrow and helped."""
    acts = case.acts()
    if not acts or (acts[0][1].credit or 0.0) <= 0.0:
        return None
    first = acts[0][0]
    narrow = (
        first.verb in NARROW_VERBS or first.target.startswith(("tenant=", "tenant."))
        or single_replica(first, case.told.scenario)
    )  # fmt: skip
    if not narrow:
        return None
    return Proposal(text=f"The first act is narrow, and helped: {said_at(first)}.", seqs=first.seqs)


def writes_down_overrides(case: Case) -> Proposal | None:
    """Propose when there were temporary measures and none was left behind."""
    times = case.told.times
    if not times.temporary or times.unrecorded:
        return None
    count = len(times.temporary)
    what = "The temporary measure was" if count == 1 else f"All {count} temporary measures were"
    return Proposal(text=f"{what} undone or written down.", seqs=times.temporary)


def names_detection_gap(case: Case) -> Proposal | None:
    """Propose when an alert was changed, or somebody was told that a signal is missing."""
    play = case.told.play
    changed = [i.seq for i in play.given() if i.command.verb == "alert"]
    told = [s for s in play.said if _GAP.search(s.text)]
    if not changed and not told:
        return None
    what = ["an alert was changed"] * bool(changed) + [f"“{s.text}”" for s in told]
    seqs = tuple(sorted((*changed, *(s.seq for s in told))))
    return Proposal(text=f"A gap in detection: {'; '.join(what)}.", seqs=seqs)


def follows_up_rollback(case: Case) -> Proposal | None:
    """Propose when a rollback helped, was verified, and was told."""
    for move, scored in case.acts():
        if move.verb != "rollback" or (scored.credit or 0.0) <= 0.0 or not scored.verified:
            continue
        told = [s for s in case.told.words.statements if s.truthful and s.text and s.seq > move.seq]
        if told:
            text = f"{said_at(move)} helped, was checked, and was told."
            return Proposal(text=text, seqs=(move.seq, told[0].seq))
    return None


GREEN: dict[str, Rule] = {
    "hypothesis-first": hypothesis_first,
    "slices-the-tail": slices_the_tail,
    "checks-changes-early": checks_changes_early,
    "tries-small-first": tries_small_first,
    "verifies-then-announces": verifies_then_announces,
    "withdraws-wrong": withdraws_wrong,
    "limits-blast-radius": limits_blast_radius,
    "writes-down-overrides": writes_down_overrides,
    "names-detection-gap": names_detection_gap,
    "follows-up-rollback": follows_up_rollback,
}
"""The rule of every green flag."""
