"""The command line at the bottom of the live screen: a prompt that asks before risky verbs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events

from incidentsim.commands.complete import complete
from incidentsim.specs.vocabulary import Vocabulary
from incidentsim.tui.presenters.results import confirmation
from incidentsim.tui.presenters.rows import span
from incidentsim.tui.widgets.prompt import Prompt

SCREEN_KEYS = frozenset(
    (*(str(digit) for digit in range(1, 9)),
     "colon", "slash", "space", "plus", "minus", "equals_sign", "question_mark")
)  # fmt: skip
"""Keys that no command begins with: on an empty line they keep their meaning for the screen."""

_TYPING = "type a command: Tab completes, Enter runs it"
_AWAY = "start typing a command, or : to come here"


class CommandLine(Prompt):
    """A prompt for commands. A risky one is submitted only by a second Enter on the same line."""

    def __init__(self, vocabulary: Callable[[], Vocabulary], history: Callable[[], Sequence[str]]) -> None:
        super().__init__(
            ">",
            completer=lambda text, cursor: complete(text, cursor, vocabulary(), history()),
            history=history,
            placeholder=_AWAY,
            passes=SCREEN_KEYS,
            id="command",
        )
        self._asked = ""

    def on_descendant_focus(self, _: events.DescendantFocus) -> None:
        """Say that the line is where typing goes."""
        self.input.placeholder = _TYPING

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Say how to come back."""
        super().on_descendant_blur(event)
        self.input.placeholder = _AWAY

    def confirmed(self, text: str) -> bool:
        """Ask before a risky command; the second Enter confirms."""
        if not text:
            return False
        question = confirmation(text)
        if question is None or self._asked == text:
            self._asked = ""
            return True
        self._asked = text
        role = "bad" if question.danger == "destructive" else "warn"
        self.tell((span(question.text, role),))
        return False

    def edited(self) -> None:
        """Forget the question: the line is another one now."""
        self._asked = ""

    def cancelled(self) -> bool:
        """Close the question."""
        if not self._asked:
            return False
        self._asked = ""
        self.tell((span("cancelled; nothing was sent", "dim"),))
        return True
