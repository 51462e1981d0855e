"""One strength and one improvement of a postmortem, each with its evidence.

Called by `check`. Chosen by a fixed order: what would matter most to the next on-call person comes first.
"""

from __future__ import annotations

from incidentsim.scoring.postmortem.causality import WRONG, Causality
from incidentsim.scoring.postmortem.concepts import Concepts
from incidentsim.scoring.postmortem.document import Document
from incidentsim.scoring.postmortem.facts import Fact
from incidentsim.scoring.postmortem.prevention import Preventions
from incidentsim.scoring.postmortem.report import Remark

PROVEN = 0.3
"""Share of the harm from which on a control counts as proven prevention."""

CHEAP_BAD = 50.0
"""More bad requests than this per run in a healthy world are a price worth naming."""


def strength(facts: tuple[Fact, ...], chain: Causality, prevention: Preventions, concepts: Concepts) -> Remark:
    """Return the best that the text has."""
    proven = [i for i in prevention.items if i.measure and (i.measure.prevented or 0) >= PROVEN]
    if proven:
        best = max(proven, key=lambda i: (i.measure.prevented or 0) if i.measure else 0)
        assert best.measure is not None and best.measure.prevented is not None
        return Remark(
            text=f"{best.controls[0]} would have prevented {best.measure.prevented:.0%} of the harm"
                 f" (mean of {best.measure.seeds} seeds).", lines=(best.line,),
        )  # fmt: skip
    found = [c for c in chain.claims if c.verdict == "found"]
    if found:
        steps = ", ".join(f"{_name(concepts, c.cause)} → {_name(concepts, c.effect)}" for c in found)
        return Remark(text=f"The causal chain holds where you state it: {steps}.", lines=tuple(c.line for c in found))
    right = [f for f in facts if f.verdict == "right"]
    if right:
        seqs = tuple(seq for f in right for seq in f.seqs)[:8]
        return Remark(text=f"{len(right)} of your figures and names agree with the record.", seqs=seqs,
                      lines=tuple(dict.fromkeys(f.line for f in right)))  # fmt: skip
    return Remark(text="Nothing in the text could be held against the record yet.")


def improvement(
    document: Document, facts: tuple[Fact, ...], chain: Causality, prevention: Preventions, concepts: Concepts
) -> Remark:
    """Return what would help most in a second revision, without giving away what is missing."""
    wrong = [c for c in chain.claims if c.verdict in WRONG]
    if wrong:
        first = wrong[0]
        pair = f"{_name(concepts, first.cause)} → {_name(concepts, first.effect)}"
        why = {
            "reversed": "has cause and effect the wrong way round",
            "invented": "is nothing that happened in this incident",
            "contradicted": "is claimed both ways round",
            "denied": "is denied, but it happened",
        }[first.verdict]
        return Remark(text=f"The causal claim {pair} {why}.", lines=(first.line,))
    if not any(c.verdict == "found" for c in chain.claims):
        crowded = f" Line {chain.crowded[0][0]} names more than four things: split it." if chain.crowded else ""
        return Remark(text=f"No step of the causal chain is stated. Say what made what, one step a sentence.{crowded}",
                      lines=tuple(line for line, _ in chain.crowded))  # fmt: skip
    false = [f for f in facts if f.verdict == "wrong"]
    if false:
        known = f"; the record has {false[0].known}" if false[0].known else ""
        return Remark(
            text=f"“{false[0].said}” is not what the record says{known}.", lines=(false[0].line,), seqs=false[0].seqs
        )
    if chain.missing:
        return Remark(text=f"{len(chain.missing)} of {len(chain.edges)} steps from trigger to users are not stated.")
    harmful = [i for i in prevention.items if i.measure and i.measure.prevented is not None and i.measure.prevented < 0]
    if harmful:
        return Remark(text=f"{harmful[0].controls[0]} would have made this incident worse.", lines=(harmful[0].line,))
    dear = [i for i in prevention.items if i.measure and (i.measure.healthy_bad or 0) > CHEAP_BAD]
    if dear:
        return Remark(
            text=f"{dear[0].controls[0]} costs users in a healthy world; look for a cheaper guard.",
            lines=(dear[0].line,),
        )
    if not any(i.controls for i in prevention.items):
        text = (
            "No action item names a control, so none could be proven. Add one below: `control: component.knob=value`."
        )
        return Remark(text=text, lines=tuple(i.line for i in prevention.items))
    if not any(s.section == "impact" for s in document.sentences) or not facts:
        return Remark(
            text="Say how many users were harmed, and for how long: figures can be checked, adjectives can't."
        )
    return Remark(text="Have a person read it: what is left is judgement, not measurement.")


def _name(concepts: Concepts, concept: str) -> str:
    found = concepts.by_id.get(concept)
    return found.shown if found else concept
