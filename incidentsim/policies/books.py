"""A player who does what the runbooks say, all of them, whether they fit or not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidentsim.client_api import Session
from incidentsim.policies.base import SLO_QUERY, Briefed, Hand, is_act

_CODE = re.compile(r"`([^`\n]+)`|^    ([^\n]+)$", re.MULTILINE)
_FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


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
    """Yield the act commands written as code, in order; those with a blank to fill in (`<...>`) can't be copied."""
    fenced = "\n".join(f"    {line}" for body in _FENCE.findall(markdown) for line in body.splitlines())
    rest = _FENCE.sub("", markdown)
    for inline, block in (*_CODE.findall(rest), *_CODE.findall(fenced)):
        command = (inline or block).strip().removeprefix("$ ")
        if command and "<" not in command and is_act(command) and " " in command:
            yield command
