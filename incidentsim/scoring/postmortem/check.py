"""A postmortem checked: facts, causal claims, prevention, one strength, one improvement.

The command line, benchmarks and the editor screen call `check`. Pure: without `rehearse` no world is run, and the
rest is immediate, so that an editor can call it at every pause.
"""

from __future__ import annotations

from collections.abc import Sequence

from incidentsim.exact import sha256_hex
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.play import names_of
from incidentsim.scoring.postmortem.causality import causality
from incidentsim.scoring.postmortem.concepts import concepts_of
from incidentsim.scoring.postmortem.document import MAX_SENTENCES, read, uncommented
from incidentsim.scoring.postmortem.facts import check_facts
from incidentsim.scoring.postmortem.ledger import ledger
from incidentsim.scoring.postmortem.numbers import clock_zero
from incidentsim.scoring.postmortem.prevention import MOST_MEASURED, preventions
from incidentsim.scoring.postmortem.protocol import Rehearse
from incidentsim.scoring.postmortem.remarks import improvement, strength
from incidentsim.scoring.postmortem.report import Audience, PostmortemCheck
from incidentsim.scoring.postmortem.template import template
from incidentsim.text import clean
from incidentsim.transcript.model import Transcript

MAX_TEXT = 100_000
"""Longest text that is read, in code points: forty pages."""

SEEDS = 5
"""Seeds over which prevention is proven, the session's and those after it."""


def check(
    text: str,
    transcript: Transcript,
    scenario: Scenario,
    *,
    rehearse: Rehearse | None = None,
    seeds: Sequence[int] = (),
    audience: Audience = "candidate",
) -> PostmortemCheck:
    """Return what a postmortem of this session says that can be measured.

    `seeds`: those of the rehearsals; without any, the session's and the next four. Raises ScenarioError for a
    transcript whose cast can't be read.
    """
    cast = Cast.from_json(transcript.header.get("cast"))
    cleaned = clean(text, limit=MAX_TEXT, keep_newlines=True)
    document = read(cleaned, template(transcript, cast.render(scenario.title)).split("\n"))
    concepts = concepts_of(scenario, cast)
    chain = causality(document.sentences, scenario, concepts)
    facts = check_facts(
        document.sentences, ledger(transcript, scenario, cast), scenario, cast,
        zero_us=clock_zero(uncommented(cleaned)), truth=audience == "interviewer",
    )  # fmt: skip
    first = int(transcript.header.get("seed", 0))
    proven = preventions(
        document.items, scenario, names_of(cast, scenario), rehearse, tuple(seeds) or tuple(range(first, first + SEEDS))
    )
    notes = []
    if document.cut or len(text) > MAX_TEXT:
        notes.append(f"Only the first {MAX_SENTENCES} sentences, and {MAX_TEXT:,} characters, are read.")
    if rehearse is None and any(i.controls for i in proven.items):
        notes.append("No world was run: controls are not proven.")
    if len([i for i in proven.items if i.controls]) > MOST_MEASURED:
        notes.append(f"Only the first {MOST_MEASURED} action items with a control were tried.")
    return PostmortemCheck(
        scenario=scenario.id, digest=sha256_hex(cleaned), facts=facts, causality=chain, prevention=proven,
        strength=strength(facts, chain, proven, concepts),
        improvement=improvement(document, facts, chain, proven, concepts),
        names={name: concept.shown for name, concept in concepts.by_id.items()}, audience=audience, notes=tuple(notes),
    )  # fmt: skip
