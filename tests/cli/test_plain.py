"""Line mode: what is printed, what moves the clock, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from incidentsim.cli.plain import META, PlainMode
from incidentsim.session.host import IncidentSession
from incidentsim.session.pacing import LivePacer
from tests.session.stage import start


class Talk:
    """One dialogue in line mode over the small world."""

    def __init__(self, path: Path) -> None:
        self.session: IncidentSession = start(path, prelude=False)
        self.said: list[str] = []
        self.over = False

    @property
    def text(self) -> str:
        """Everything printed so far."""
        return "\n".join(self.said)

    def type(self, *lines: str, end: bool = True) -> Talk:
        """Type lines from a pipe: no clock but :wait."""
        asyncio.run(self._run(lines, live=False, confirm=False, end=end))
        return self

    def live(self, *lines: str, confirm: bool = False, end: bool = True) -> Talk:
        """Type lines at a terminal whose wall clock gains 0.2 s with every look at it."""
        asyncio.run(self._run(lines, live=True, confirm=confirm, end=end))
        return self

    async def _run(self, lines: Sequence[str], *, live: bool, confirm: bool, end: bool) -> None:
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        for line in [*lines, *([None] if end else [])]:
            queue.put_nowait(line)
        now = 0.0

        def clock() -> float:
            nonlocal now
            now += 0.2
            return now

        pacer = LivePacer(self.session, clock=clock) if live else None

        async def pump(budget_s: float, until_us: int | None) -> None:
            if until_us is not None:
                self.session.step(until_us, budget_s)
            elif pacer is not None:
                pacer.pulse(budget_s)

        mode = PlainMode(
            self.session.client("candidate"),
            queue,
            self.said.append,
            pump=pump if live else None,
            confirm=confirm,
        )
        self.over = await mode.run()


def test_the_briefing_and_the_page_come_first(tmp_path: Path) -> None:
    """Before anything is typed the briefing, objectives, team and the page are printed, in that order."""
    said = Talk(tmp_path / "s.jsonl").type().said
    assert said[0].startswith("Slow chat (mid, 2m)")
    assert any("of requests get their first token within" in line for line in said)
    assert any(line.startswith("Team: platform") for line in said)
    assert said[-2].startswith("T+00:00 PAGE from alerts: chat is slow")


def test_from_a_pipe_only_wait_moves_the_clock(tmp_path: Path) -> None:
    """Commands take no time; :wait 30s takes thirty seconds, and what happened meanwhile is printed."""
    talk = Talk(tmp_path / "s.jsonl").type("ack", "note one", ":wait 30s", ":wait 1m")
    assert talk.session.now_us == 90_000_000
    assert "It is T+00:30." in talk.said
    assert "It is T+01:30." in talk.said
    assert any("alert QueueDepth firing (page): long queue" in line for line in talk.said)


def test_looks_print_their_lines(tmp_path: Path) -> None:
    """A look prints every line of its result and no empty answer."""
    talk = Talk(tmp_path / "s.jsonl").type("inspect gateway")
    assert "replicas=8" in talk.said
    assert "" not in talk.said


def test_a_command_prints_its_acknowledgement_and_later_its_effect(tmp_path: Path) -> None:
    """The answer names the command's number; the effect comes as an event with the same number."""
    talk = Talk(tmp_path / "s.jsonl").type("scale chat-pool 12", ":wait 5s")
    number = next(line for line in talk.said if "applies at" in line).split()[0]
    assert any(f" {number} " in line and "T+00:0" in line for line in talk.said)


def test_a_wrong_command_is_answered_with_the_reason(tmp_path: Path) -> None:
    """What can't be understood is answered, and the dialogue goes on."""
    talk = Talk(tmp_path / "s.jsonl").type("scael chat-pool 12", "ack")
    assert any(line.startswith("Not done: ") and "scale" in line for line in talk.said)
    assert "page acknowledged" in talk.said


def test_wrong_meta_commands_say_what_is_wrong(tmp_path: Path) -> None:
    """Unknown words, times and speeds are answered; nothing moves."""
    talk = Talk(tmp_path / "s.jsonl").type(":fly", ":wait soon", ":wait -3s", ":speed fast", ":speed 2000", ":help x")
    assert talk.session.now_us == 0
    assert "there is no :fly; :help lists what there is" in talk.said
    for hint in (
        ":wait: 'soon'",
        ":wait takes a time above zero",
        ":speed takes a number",
        "no command called 'x'",
    ):
        assert hint in talk.text


def test_help_lists_every_verb_and_every_meta_command(tmp_path: Path) -> None:
    """:help shows all verbs and the mode's own words; :help VERB one of them."""
    text = Talk(tmp_path / "s.jsonl").type(":help").text
    for word in ("query", "limit", "hypothesis", "status", *META):
        assert word in text
    assert "Set the number of replicas" in Talk(tmp_path / "t.jsonl").type(":help scale").text


def test_leaving_says_how_to_come_back(tmp_path: Path) -> None:
    """:quit and the end of input leave the session resumable and print the command to resume it."""
    for name, lines in (("a", [":quit"]), ("b", [])):
        talk = Talk(tmp_path / f"{name}.jsonl").type(*lines)
        assert not talk.over
        assert not talk.session.ended
        assert "incidentsim play --resume" in talk.said[-1]


def test_pause_resume_and_speed_are_recorded(tmp_path: Path) -> None:
    """The mode's controls end up in the transcript."""
    talk = Talk(tmp_path / "s.jsonl").type(":pause", ":resume", ":speed 2")
    types = [record.type for record in talk.session.recorder.records]
    assert [t for t in types if t in ("pause", "resume", "clock")] == ["pause", "resume", "clock"]
    assert "speed 2" in talk.said


def test_resolve_ends_the_dialogue(tmp_path: Path) -> None:
    """After resolve no further line is read, and the mode says that it is over."""
    talk = Talk(tmp_path / "s.jsonl").type('resolve "done"', "note never", end=False)
    assert talk.over
    assert talk.session.ended
    assert any("the incident is over (resolved)" in line for line in talk.said)


def test_waiting_past_the_end_ends_the_incident(tmp_path: Path) -> None:
    """:wait stops at the incident's duration."""
    talk = Talk(tmp_path / "s.jsonl").type(":wait 1h", end=False)
    assert talk.over
    assert talk.session.now_us == 120_000_000


def test_at_a_terminal_the_clock_runs_by_itself(tmp_path: Path) -> None:
    """With a pump the incident runs to its end; :wait skips ahead to the asked second."""
    talk = Talk(tmp_path / "s.jsonl").live(":wait 20s", ":speed 50", end=False)
    assert any(line in ("It is T+00:20.", "It is T+00:21.") for line in talk.said)
    assert talk.over
    assert talk.session.now_us == 120_000_000


def test_a_destructive_command_is_asked_for_twice_at_a_terminal(tmp_path: Path) -> None:
    """The first time it is not submitted; the same line again is, and --dry-run never asks."""
    talk = Talk(tmp_path / "s.jsonl").live("restart chat-pool --dry-run", "restart chat-pool", "alerts", confirm=True)
    accepted = [r.body["dry_run"] for r in talk.session.recorder.records if r.type == "accepted"]
    assert accepted == [True]
    assert any("enter the same line again" in line for line in talk.said)
    again = Talk(tmp_path / "t.jsonl").live("restart chat-pool", "restart chat-pool", confirm=True)
    assert [r.type for r in again.session.recorder.records if r.type == "accepted"] == ["accepted"]


def test_untrusted_text_is_cleaned(tmp_path: Path) -> None:
    """Control codes typed or received never reach the terminal."""
    talk = Talk(tmp_path / "s.jsonl").type("bad\x1b[31m", "note \x1b[2J")
    assert "\x1b" not in talk.text
