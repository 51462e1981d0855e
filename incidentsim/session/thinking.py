"""The candidate's own ledger: hypotheses with a probability, what was ruled out, what was committed.

Kept by the session from its records, so that a resumed session has the same ledger. A diagnosis can't be
taken back, only restated with another probability: that is what makes it a commitment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from incidentsim.client_api import HypothesisRow
from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.specs.knobs import parse_ratio

EVEN_PPM = 500_000
"""Probability recorded for a hypothesis that names none: even odds."""

SURE_PPM = 1_000_000
"""Probability recorded for a diagnosis that names none: a commitment without a hedge."""

_WITHOUT_CAUSE = "it names no cause, so it can't be found right: --cause COMPONENT:FAULT names one (Tab offers them)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """What a think verb will record: the record's type and body, and a line that says so."""

    type: str
    body: dict[str, Any]
    text: str


class Ledger:
    """Hypotheses by number, and committed causes. `most_causes` bounds how many may be committed."""

    __slots__ = ("_committed", "_most_causes", "_rows")

    def __init__(self, most_causes: int) -> None:
        self._most_causes = most_causes
        self._rows: list[HypothesisRow] = []
        self._committed: list[str] = []

    def rows(self) -> tuple[HypothesisRow, ...]:
        """Return the ledger in order of number."""
        return tuple(self._rows)

    def plan(self, command: Command) -> Thought:
        """Return what the command will record. Raises CommandError; changes nothing."""
        match command.verb:
            case "hypothesis":
                return self._hypothesis(command)
            case "rule-out":
                return self._rule_out(command)
            case "diagnose":
                return self._diagnosis(command)
        return Thought(type="note", body={"text": command.args["text"]}, text="noted")

    def apply(self, type_: str, t_us: int, body: dict[str, Any]) -> None:
        """Take in a record of type hypothesis, rule_out or diagnosis."""
        if type_ == "hypothesis":
            self._rows.append(
                HypothesisRow(
                    number=body["number"],
                    t_us=t_us,
                    statement=body["statement"],
                    cause=body["cause"],
                    p=body["p_ppm"] / 1e6,
                    state="open",
                )
            )
        elif type_ == "rule_out":
            self._mark("ruled out", lambda row: row.number == body["number"])
        elif type_ == "diagnosis":
            cause = f"{body['component']}:{body['fault']}"
            if cause not in self._committed:
                self._committed.append(cause)
            self._mark("committed", lambda row: row.cause == cause)

    def _hypothesis(self, command: Command) -> Thought:
        number = len(self._rows) + 1
        body = {
            "number": number,
            "statement": command.args["statement"],
            "cause": command.args.get("cause", ""),
            "p_ppm": _ppm(command, EVEN_PPM),
        }
        text = f"hypothesis {number} stated"
        return Thought(type="hypothesis", body=body, text=text if body["cause"] else f"{text}; {_WITHOUT_CAUSE}")

    def _rule_out(self, command: Command) -> Thought:
        what = command.args["what"]
        wanted = what.removeprefix("#")
        for row in reversed(self._rows):
            names = (str(row.number), row.statement, row.cause)
            if row.state == "open" and wanted in names:
                body = {"number": row.number, "text": what}
                return Thought(type="rule_out", body=body, text=f"hypothesis {row.number} ruled out: {row.statement}")
        open_ones = ", ".join(f"{r.number} ({r.statement})" for r in self._rows if r.state == "open")
        raise CommandError(f"no open hypothesis is {what!r}; open: {open_ones or 'none'}")

    def _diagnosis(self, command: Command) -> Thought:
        component, fault = command.args["component"], command.args["fault"]
        cause = f"{component}:{fault}"
        if cause not in self._committed and len(self._committed) >= self._most_causes:
            raise CommandError(
                f"at most {self._most_causes} causes can be committed; you have {', '.join(self._committed)}"
            )
        body = {"component": component, "fault": fault, "p_ppm": _ppm(command, SURE_PPM)}
        left = self._most_causes - len({*self._committed, cause})
        return Thought(type="diagnosis", body=body, text=f"diagnosis committed: {cause}; {left} more possible")

    def _mark(self, state: str, chosen: Any) -> None:
        self._rows = [replace(row, state=state) if chosen(row) else row for row in self._rows]


def _ppm(command: Command, default: int) -> int:
    text = command.args.get("p")
    return default if text is None else parse_ratio(text)
