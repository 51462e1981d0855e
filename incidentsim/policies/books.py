"""What runbooks have one do, and a player who does all of it, whether it fits or not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from incidentsim.client_api import Session
from incidentsim.policies.base import SLO_QUERY, Briefed, Hand, is_act, verb_of
from incidentsim.specs.verbs import VERBS

_CODE = re.compile(r"`([^`\n]+)`|^    ([^`\n]+)$", re.MULTILINE)
_FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_BLANK = re.compile(r"<[a-z][a-z-]*>|\b[A-Z]{2,}(?:-[A-Z]+)*\b")


async def copy_runbook(session: Session, briefed: Briefed) -> None:
    """Open every runbook and issue each command found in it, one every half minute; think nothing."""
    hand = Hand(session)
    await hand.at(60)
    await hand.do("ack")
    second = 90
    for name, text in hand.look().runbooks:
        await hand.at(second)
        await hand.do(f"runbook {name}")
        for command in commands_in(text):
            second += 30
            if not await hand.at(second):
                return
            await hand.do(command)
        second += 30
    await hand.at(second)
    await hand.do(f"query {SLO_QUERY}")
    await hand.do('status "We followed the runbooks."')


def commands_in(markdown: str) -> Iterator[str]:
    """Yield the act commands written as code, in order; those with a blank (`<pool>`, `POOL`) can't be copied."""
    for command in _code_in(markdown):
        if is_act(command) and " " in command and not _BLANK.search(command):
            yield command


def looks_in(markdown: str) -> Iterator[str]:
    """Yield the look commands written as code that can be given as they stand, in order."""
    for command in _code_in(markdown):
        spec = VERBS.get(verb_of(command))
        whole = spec is not None and (" " in command or not any(a.required for a in spec.arguments))
        if spec is not None and spec.group == "look" and whole and not _BLANK.search(command):
            yield command


def filled_in(markdown: str, components: Mapping[str, str]) -> Iterator[str]:
    """Yield the act commands with one blank, once for each of `components` (name -> kind) that is what it asks for.

    `rerun JOB` and `rerun <job>` become `rerun job.daily` where job.daily is a job.
    """
    for command in _code_in(markdown):
        blanks = _BLANK.findall(command)
        if is_act(command) and len(blanks) == 1:
            for name, kind in components.items():
                if kind == blanks[0].strip("<>").lower():
                    yield command.replace(blanks[0], name)


def _code_in(markdown: str) -> Iterator[str]:
    """Yield what is written as code: between backticks, indented, in fences."""
    fenced = "\n".join(f"    {line}" for body in _FENCE.findall(markdown) for line in body.splitlines())
    rest = _FENCE.sub("", markdown)
    for inline, block in (*_CODE.findall(rest), *_CODE.findall(fenced)):
        code = (inline or block).strip().removeprefix("$ ")
        if code:
            yield code
