"""The command line at the bottom of the live screen: a prompt that asks before risky verbs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from incidentsim.commands.complete import complete
from incidentsim.specs.vocabulary import Vocabulary
from incidentsim.tui.presenters.results import confirmation
from incidentsim.tui.presenters.rows import span
from incidentsim.tui.widgets.prompt import Prompt


class CommandLine(Prompt):
    """A prompt for commands. A risky one is submitted only by a second Enter on the same line."""

    def __init__(self, vocabulary: Callable[[], Vocabulary], history: Callable[[], Sequence[str]]) -> None:
        super().__init__(
            ">",
            completer=lambda text, cursor: complete(text, cursor, vocabulary(), history()),
            history=history,
            placeholder="a command: Tab completes, Enter runs it",
            id="command",
        )
        self._asked = ""

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
