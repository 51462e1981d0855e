"""Team-mates: they know what the scenario gave them to know, and answer from the world's present state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from rapidfuzz import fuzz

from incidentsim.errors import CommandError
from incidentsim.exact import Draws
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Doing, TeamMate, Topic
from incidentsim.world.call import Call
from incidentsim.world.kernel import Kernel

MATCH_AT_LEAST: Final = 62
"""Least token-set similarity (0-100) of a question and a known way to put it; below, the person doesn't follow.

Found by trying paraphrases: unrelated questions stay under 55, free rewordings above 65.
"""

OTHER: Final = "other"
"""Topic of a question that a team-mate knows nothing about."""

ANSWER_SPREAD_PPM: Final = 350_000
"""Half width of the variation of answering times."""


class Team:
    """People by role. Answers come as messages after a while; some answers set things in motion."""

    def __init__(
        self, kernel: Kernel, cast: Cast, team: tuple[TeamMate, ...], seed: int,
        say: Callable[[str, str, int], None], facts: Callable[[], Mapping[str, str]], do: Callable[[Doing], None],
    ) -> None:  # fmt: skip
        self._kernel = kernel
        self._cast = cast
        self._mates = {mate.role: mate for mate in team}
        self._say = say
        self._facts = facts
        self._do = do
        self._present = {mate.role: mate.reach == "channel" for mate in team}
        self._called: dict[str, bool] = {}
        self._seed = seed
        self._asked: dict[tuple[str, str], int] = {}

    def roles(self) -> tuple[str, ...]:
        """Return the roles that can be asked."""
        return tuple(self._mates)

    def state(self) -> list[object]:
        """Return what defines the team."""
        return [list(self._present.values()), sorted(self._called), sorted(self._asked.items())]

    def topic_of(self, role: str, question: str) -> str:
        """Return the topic a question is about, or OTHER. Text matching happens only here, before recording."""
        mate = self._mate(role)
        best, best_score = OTHER, float(MATCH_AT_LEAST)
        wanted = question.lower()
        for topic in mate.knows:
            for ask in topic.asks:
                score = fuzz.token_set_ratio(wanted, self._cast.render(ask).lower())
                if score > best_score:
                    best, best_score = topic.topic, score
        return best

    def ask(self, role: str, topic: str, ref: int) -> None:
        """Put a question; the answer comes later."""
        mate = self._mate(role)
        if not self._present[role]:
            self._kernel.after(5_000_000, self._nobody, (role, ref))
            return
        asked = self._asked.get((role, topic), 0)
        self._asked[role, topic] = asked + 1
        pace = Draws(self._seed, f"{role}/{topic}", "pace")  # its own: another question makes no answer later
        draw = pace.below(asked, 2 * ANSWER_SPREAD_PPM + 1) - ANSWER_SPREAD_PPM
        delay = mate.answers_in + mate.answers_in * draw // 1_000_000
        self._kernel.after(delay, self._answer, (mate, topic, ref))

    def page(self, role: str, ref: int) -> None:
        """Page someone who isn't in the channel."""
        mate = self._mate(role)
        if self._present[role] or role in self._called:
            self._kernel.after(3_000_000, self._here, (role, ref))
            return
        self._called[role] = True
        self._kernel.after(mate.arrives_in, self._here, (role, ref))

    def _mate(self, role: str) -> TeamMate:
        mate = self._mates.get(role)
        if mate is None:
            known = ", ".join(self._mates) or "nobody"
            raise CommandError(f"nobody on this team is called {role!r}; there are: {known}")
        return mate

    def _nobody(self, call: Call) -> None:
        role, ref = call.argument
        self._say(role, "(no reply: not in the channel; page them)", ref)

    def _here(self, call: Call) -> None:
        role, ref = call.argument
        first = not self._present[role]
        self._present[role] = True
        self._say(role, "I got the page and I'm here. What do you need?" if first else "I'm here, ask away.", ref)

    def _answer(self, call: Call) -> None:
        mate, topic_id, ref = call.argument
        topic: Topic | None = next((t for t in mate.knows if t.topic == topic_id), None)
        text = mate.otherwise if topic is None else topic.answer
        self._say(mate.role, self._cast.render(text, self._facts()), ref)
        if topic is not None and topic.does is not None:
            self._do(topic.does)
