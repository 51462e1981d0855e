"""What may differ between siblings of a scenario, as its `variants` section says it.

The world never reads this; `scenario.vary` does, when it makes siblings. A sibling is a complete scenario of its
own, without such a section.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from incidentsim.scenario.fields import Id, KnobScalar
from incidentsim.scenario.parts.base import Model

Address = Annotated[str, Field(min_length=1, max_length=200)]
"""A place in the file: steps with points between, entries of lists by id, name or number."""

MAX_OPTIONS = 24
"""Most options of all choices of a scenario: each is tried when the scenario is loaded."""

MAX_EDITS = 150
"""Most changes and ranges in one section, for the same reason."""

Text = Annotated[str, Field(min_length=1, max_length=200)]


class Range(Model):
    """Values that the place `where` may take: from `low` to `high` in steps of `step`, or one `among` some.

    `also` are further places that get the same value, such as the time of a fault that comes with a change.
    Numbers and durations are written as at the place itself. Without `step` it is a second for durations of ten
    seconds and more, a millisecond for shorter ones, and the last digit written for numbers.
    """

    where: Address
    also: tuple[Address, ...] = Field(default=(), max_length=8)
    low: KnobScalar | None = None
    high: KnobScalar | None = None
    step: KnobScalar | None = None
    among: tuple[KnobScalar, ...] = Field(default=(), max_length=32)

    @model_validator(mode="after")
    def _one_form(self) -> Range:
        if self.among and (self.low is not None or self.high is not None or self.step is not None):
            raise ValueError("among goes without low, high and step")
        if not self.among and (self.low is None or self.high is None):
            raise ValueError("needs low and high, or among")
        return self


class Word(Model):
    """A word that stands for one `among` others, wherever it stands: in every text, key, script and runbook.

    If the other word stands somewhere as well, the two change places.
    """

    word: Text
    among: tuple[Text, ...] = Field(min_length=1, max_length=32)


class Option(Model):
    """One way in which a choice may turn out, as changes to what is written.

    `drop` entries of lists, `add` others at the end of a list (`timeline`, `team.platform.knows`), `set` places to
    other values, `rename` words everywhere, in this order; `ranges` and `words` are drawn when this option is
    taken. An option without any is the scenario as written.
    """

    id: Id
    drop: tuple[Address, ...] = Field(default=(), max_length=40)
    add: dict[str, tuple[Any, ...]] = Field(default_factory=dict, max_length=16)
    set: dict[str, Any] = Field(default_factory=dict, max_length=64)
    rename: dict[str, Text] = Field(default_factory=dict, max_length=32)
    ranges: tuple[Range, ...] = Field(default=(), max_length=40)
    words: tuple[Word, ...] = Field(default=(), max_length=16)


class Choice(Model):
    """One thing that may be so or otherwise; the first option is what is written.

    `differs`: siblings never take the first option, so that an answer learned from the published file is wrong.
    """

    id: Id
    differs: bool = False
    options: tuple[Option, ...] = Field(min_length=2, max_length=8)


class Variants(Model):
    """Everything in which siblings of a scenario may differ. `change_ids`: each has its own ids of changes."""

    change_ids: bool = False
    ranges: tuple[Range, ...] = Field(default=(), max_length=80)
    words: tuple[Word, ...] = Field(default=(), max_length=32)
    choices: tuple[Choice, ...] = Field(default=(), max_length=8)

    @model_validator(mode="after")
    def _bounded(self) -> Variants:
        options = [option for choice in self.choices for option in choice.options]
        edits = len(self.ranges) + len(self.words)
        for o in options:
            edits += (
                len(o.drop) + sum(map(len, o.add.values())) + len(o.set) + len(o.rename) + len(o.ranges) + len(o.words)
            )
        if edits > MAX_EDITS or len(options) > MAX_OPTIONS:
            raise ValueError(f"at most {MAX_OPTIONS} options and {MAX_EDITS} changes and ranges in all")
        return self


class SiblingOf(Model):
    """Where a sibling comes from: scenario, number and seed, the parent's digests, the options taken."""

    scenario: Id
    number: int = Field(ge=1, le=1_000_000)
    seed: int = Field(ge=0)
    digest: str
    byte_digest: str
    taken: dict[str, str] = Field(default_factory=dict, max_length=8)
