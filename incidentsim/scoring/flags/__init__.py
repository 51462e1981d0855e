"""Red and green flags: rules that propose, people who confirm (scoring.md §3).

`specs.flags` says what each flag means; `red` and `green` hold one pure function for each. `propose` runs them
all on one play. No flag changes a score.
"""

from __future__ import annotations

from incidentsim.scoring.flags.case import Case, Rule
from incidentsim.scoring.flags.green import GREEN
from incidentsim.scoring.flags.red import RED
from incidentsim.scoring.interview_card import FlagForPeople, Flags, ProposedFlag
from incidentsim.specs.flags import FLAGS, FOR_PEOPLE

RULES: dict[str, Rule] = {**RED, **GREEN}
"""The rule of every flag, by its id."""


def propose(case: Case) -> Flags:
    """Return the flags that the rules propose for a play, in declared order, and those left to people."""
    found: list[ProposedFlag] = []
    for spec in FLAGS.values():
        proposal = RULES[spec.id](case)
        if proposal is not None:
            found.append(
                ProposedFlag(
                    id=spec.id, colour=spec.colour, title=spec.title, text=proposal.text, seqs=proposal.seqs
                )
            )  # fmt: skip
    people = tuple(
        FlagForPeople(id=spec.id, colour=spec.colour, title=spec.title, question=spec.question)
        for spec in FOR_PEOPLE.values()
    )
    return Flags(proposed=tuple(found), for_people=people)
