"""Rules of the interview scorecard: its sum, what people mark, every measure, the ledger and every flag.

`explain` adds them to its own. Measures and flags are declared in `specs`; here they become rules.
"""

from __future__ import annotations

from incidentsim.scoring.rule import Rule
from incidentsim.specs.flags import FLAGS
from incidentsim.specs.measures import MEASURES

MEASURE_WEIGHT = "points of the rubric"
"""What a measure weighs: the command line puts the rubric's points there when one is named."""

_OWN = (
    Rule(
        id="interview", title="Interview scorecard", section="§3", weight="100",
        formula="Σ over domains of automatic points + human points; automatic = points·measure, all 0 without a "
                "move that earned credit; human = points·(mark − 1)/4. No total while a mark is missing.",
        why="The rubric is data: `score --rubric NAME` prints it, copy it, edit it, name the file.",
    ),
    Rule(
        id="human", title="What people mark", section="§3", weight=MEASURE_WEIGHT,
        formula="points·(mark − 1)/4 for a mark from 1 to 5 by the rubric's anchors, from `--marks FILE`.",
        why="Trade-offs, clarity and what a repair is worth can't be read from a transcript. A mark other than 3 "
            "should name the records it rests on.",
    ),
    Rule(
        id="suggestion", title="Suggestion", section="§3", weight="none",
        formula="pass when the total reaches the rubric's limit (default 70) and every named domain its share "
                "(default 60 % in reliability and observability); within one standard error of the limit: "
                "borderline, discuss. None without every mark.",
        why="It suggests; people decide. The standard error is shown only when runs on sibling seeds gave it.",
    ),
    Rule(
        id="hypotheses", title="Hypotheses over time", section="§2", weight="shown, not weighted",
        formula="Brier = Σ (p − y)² over the closed vocabulary after each step, unnamed causes at p = 0; skill = "
                "1 − Brier / Brier of the base rate. Held: the last word on a cause; ruled out: taken back. "
                "Calibration: mean p of committed causes beside the share of them that is right.",
        why="Shows when the right idea came, how surely, and whether it stayed.",
    ),
    Rule(
        id="flags", title="Red and green flags", section="§3", weight="none",
        formula="Each flag has one rule over the transcript; a person confirms or rejects it in the marks file.",
        why="A proposal points at records to read. Unconfirmed it says nothing, confirmed it moves no points.",
    ),
)  # fmt: skip

INTERVIEW_RULES: tuple[Rule, ...] = (
    *_OWN,
    *(
        Rule(id=m.id, title=m.title, section="§3", weight=MEASURE_WEIGHT, formula=m.formula, why=m.why)
        for m in MEASURES.values()
    ),
    *(
        Rule(
            id=f.id, title=f.title, section="§3", weight="none", formula=f.formula,
            why=f"A {f.colour} flag: a proposal for a person to confirm; it moves no points.",
        )
        for f in FLAGS.values()
    ),
)  # fmt: skip
"""Every rule of the interview scorecard."""
