"""Runbooks that can be carried out: how they are read, and how the scripted on-call follows them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidentsim.client_api import Ack, Series, View
from incidentsim.errors import UsageError
from incidentsim.policies.runbook_follower import POLL_US, REACTION_US, Follower
from incidentsim.policies.runbook_text import KEYWORDS, filled, read_runbook
from incidentsim.specs.vocabulary import Vocabulary

GOOD = """# Late answers

Some words for people. `do: nothing` in a sentence is no step.

## Somebody sends too much
- **when:** `sum(rate(a[1m])) > 5` for 30s
- let: who = topk(1, sum by (who) (a))
* do: `limit $who tokens 300k`
- verify: sum(b) < 1 within 1m
- otherwise: undo

```
do: restart chat-pool
```

## For people only
Call somebody.
"""


def test_a_step_is_read_with_all_its_lines() -> None:
    """Keywords may be list items, bold, in backticks; fences and headings without keywords are for people."""
    runbook = read_runbook(GOOD, name="late.md")
    assert runbook.title == "Late answers"
    (step,) = runbook.steps
    assert (step.title, step.line) == ("Somebody sends too much", 5)
    assert (step.when.expr, step.when.time_us) == ("sum(rate(a[1m])) > 5", 30_000_000)
    assert step.let == (("who", "topk(1, sum by (who) (a))"),)
    assert step.do == ("limit $who tokens 300k",)
    assert step.verify is not None
    assert (step.verify.expr, step.verify.time_us) == ("sum(b) < 1", 60_000_000)
    assert step.otherwise == ("undo",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# A\nnothing here", "nothing to carry out"),
        ("# A\ndo: restart x", "has no `when:`"),
        ("# A\nwhen: up > 0", "has no `do:`"),
        ("# A\nwhen: sum(up\ndo: ack", "r.md:2: when: "),
        ("# A\nwhen: up > 0 within 3m\ndo: ack", "takes `for 2m`"),
        ("# A\nwhen: up > 0 for ages\ndo: ack", "r.md:2: when: "),
        ("# A\nwhen: up > 0\ndo: reboot x", "'reboot' is no command"),
        ("# A\nwhen: up > 0\ndo: limit $who 3", "$who, which no `let:`"),
        ("# A\nwhen: up > 0\nlet: who\ndo: ack", "write `let: name = PromQL`"),
        ("# A\nwhen: up > 0\nwhen: up > 1\ndo: ack", "join them with `and`"),
        ("# A\nwhen: up > 0\nthen: `ack`\ndo: ack", "the keywords of a step are"),
        ("# A\nwhen: up > 0\ndo:", "says nothing"),
    ],
)
def test_mistakes_name_their_line_and_the_way_out(text: str, message: str) -> None:
    """A runbook that can't be carried out says where and why."""
    with pytest.raises(UsageError) as wrong:
        read_runbook(text, name="r.md")
    assert message in str(wrong.value)


def test_all_mistakes_are_told_at_once() -> None:
    """Two bad lines give two messages."""
    with pytest.raises(UsageError) as wrong:
        read_runbook("# A\nwhen: sum(\ndo: reboot", name="r.md")
    assert "r.md:2" in str(wrong.value)
    assert "r.md:3" in str(wrong.value)


@given(st.text(max_size=200), st.sampled_from(KEYWORDS))
def test_any_text_is_read_or_refused(text: str, keyword: str) -> None:
    """Whatever is written, the answer is a runbook with complete steps or a UsageError."""
    try:
        runbook = read_runbook(f"# A\n{keyword}: {text}\n{text}", name="r.md")
    except UsageError:
        return
    assert all(step.do and step.when.expr for step in runbook.steps)


def test_variables_are_filled_and_unknown_ones_stay() -> None:
    """`$name` is replaced by what was bound; what was not bound is left for the refusal to show."""
    assert filled("limit $who $what", {"who": "acme"}) == "limit acme $what"


class Ward:
    """A session whose queries are answered by a function of (PromQL, time); other lines are written down."""

    def __init__(self, answer: Callable[[str, int], dict[str, float]], end_us: int = 600_000_000) -> None:
        self.t_us = 0
        self.said: list[tuple[int, str]] = []
        self._answer, self._end_us = answer, end_us

    def vocabulary(self) -> Vocabulary:
        """Return no names."""
        return Vocabulary()

    async def wait_until(self, t_us: int) -> bool:
        """Jump there, if it is not after the end."""
        self.t_us = min(max(self.t_us, t_us), self._end_us)
        return t_us <= self._end_us

    async def submit(self, text: str, *, nonce: str = "") -> Ack:
        """Answer a query; write down and accept everything else but what has a `$` in it."""
        series: tuple[Series, ...] = ()
        if text.startswith("query "):
            table = self._answer(text.removeprefix("query "), self.t_us)
            series = tuple(Series(labels={"who": w}, points=((self.t_us, v),)) for w, v in table.items())
        else:
            self.said.append((self.t_us, text))
        view = View(kind="query", title=text, lines=(), series=series)
        return Ack(accepted="$" not in text, seq=len(self.said), t_us=self.t_us, k=0, text="", view=view)


def follow(answer: Callable[[str, int], dict[str, float]], start_us: int = REACTION_US) -> tuple[Ward, Follower]:
    """Let the on-call follow GOOD."""
    ward = Ward(answer)
    follower = Follower(runbook=read_runbook(GOOD, name="late.md"), start_us=start_us)
    asyncio.run(follower.play(ward))  # type: ignore[arg-type]
    return ward, follower


def test_a_step_is_done_after_its_condition_held_for_its_time() -> None:
    """The condition holds from the first look, so the command comes after thirty seconds and the time to type it."""
    ward, follower = follow(lambda expr, t: {"a": 1.0, "b": 2.0})
    assert ward.said == [(60_000_000, "ack"), (110_000_000, "limit b tokens 300k")]
    (carried,) = follower.carried
    assert carried.t_us == REACTION_US + 2 * POLL_US
    assert carried.verified


def test_a_condition_that_stops_holding_starts_anew() -> None:
    """A gap in the condition puts its time back to nothing."""
    ward, follower = follow(lambda expr, t: {} if "rate" in expr and t % 30_000_000 else {"a": 1.0})
    assert follower.carried == []
    assert ward.said == [(60_000_000, "ack")]


def test_what_does_not_verify_is_taken_back() -> None:
    """`otherwise: undo` undoes the step's commands, after the time `verify` was given."""
    ward, follower = follow(lambda expr, t: {} if "sum(b)" in expr else {"a": 1.0})
    assert [text for _, text in ward.said] == ["ack", "limit a tokens 300k", "undo 2"]
    assert ward.said[2][0] - ward.said[1][0] == 60_000_000
    assert follower.carried[0].verified is False


def test_a_variable_that_finds_nothing_is_refused_not_guessed() -> None:
    """Without a series for `let` the command can't be filled; it is refused and shown."""
    _, follower = follow(lambda expr, t: {} if "topk" in expr else {"a": 1.0})
    assert follower.carried[0].refused == ("limit $who tokens 300k",)
    assert follower.carried[0].commands == ()


def test_a_calm_stack_triggers_nothing() -> None:
    """Where no condition holds nothing is done; started unasked, not even the page is acknowledged."""
    ward, follower = follow(lambda expr, t: {}, start_us=0)
    assert (ward.said, follower.carried) == ([], [])
