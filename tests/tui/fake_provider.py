"""A synthetic home: what the terminal asks of the command line, answered with a synthetic session."""

from __future__ import annotations

from collections.abc import Callable

from incidentsim.errors import UsageError
from incidentsim.tui.provider import (
    CheckedLine,
    CheckedPart,
    Debrief,
    DebriefLine,
    DebriefSection,
    GalleryEntry,
    Headline,
    PostmortemDraft,
    PostmortemReport,
    RecentEntry,
)
from tests.tui.fake_session import HOSTILE, PRELUDE, SECOND, FakeSession


class FakeProvider:
    """A home with three scenarios. With a `clock` the pump follows it; without, only tests move time."""

    def __init__(
        self, *, lines_per_second: int = 4, hostile: bool = False, clock: Callable[[], float] | None = None
    ) -> None:
        self.session = FakeSession(lines_per_second=lines_per_second, hostile=hostile)
        self._lines, self._hostile, self._clock = lines_per_second, hostile, clock
        self._last: float | None = None
        self.opened: list[tuple[str, int | None, str | None]] = []
        self.kept = ""
        self.checked: list[str] = []
        self.full = False
        """whether the disk is: nothing can be kept"""

    def _text(self, plain: str) -> str:
        return f"{plain} {HOSTILE}" if self._hostile else plain

    def gallery(self) -> tuple[GalleryEntry, ...]:
        """Return three scenarios."""
        return (
            GalleryEntry(id="slow-chat", title=self._text("Chat answers start late"), level="mid",
                         summary=self._text("Customers wait for the first token. Nobody deployed today."),
                         duration_us=1800 * SECOND, skills=("inference optimisation", "reliability"),
                         best_result=self._text("72 · pass")),
            GalleryEntry(id="slow-after-deploy", title="Slower since this morning", level="junior",
                         summary="Answers take longer.", duration_us=1200 * SECOND, skills=("reliability",)),
            GalleryEntry(id="one-bad-replica", title="One user in eight complains", level="senior",
                         summary="Averages look fine.", duration_us=2700 * SECOND, skills=("observability",)),
        )  # fmt: skip

    def recent(self) -> tuple[RecentEntry, ...]:
        """Return two sessions."""
        return (
            RecentEntry(session_id="s-0", scenario="slow-chat", when=self._text("yesterday 21:14"),
                        state="finished", result="72 · pass"),
            RecentEntry(session_id="s-r", scenario="one-bad-replica", when="today 09:02", state="resumable",
                        result="at T+11:20"),
        )  # fmt: skip

    async def open(self, scenario_id: str, *, seed: int | None = None, level: str | None = None) -> FakeSession:
        """Start a session."""
        if scenario_id == "broken":
            raise UsageError(self._text("no scenario 'broken' (did you mean 'slow-chat'?)"))
        self.opened.append((scenario_id, seed, level))
        self.session = FakeSession(lines_per_second=self._lines, hostile=self._hostile)
        return self.session

    async def resume(self, session_id: str) -> FakeSession:
        """Open a session on disk."""
        self.session = FakeSession(ended=session_id == "s-0", hostile=self._hostile)
        if session_id != "s-0":
            self.session.advance(PRELUDE + 680 * SECOND)
            self.session.paused = True
        return self.session

    async def rewind(self, session: object, t_us: int) -> FakeSession:
        """Return a new session paused at that moment."""
        self.session = FakeSession(hostile=self._hostile)
        self.session.advance(PRELUDE + t_us)
        self.session.paused = True
        return self.session

    async def pump(self, session: object, budget_s: float) -> None:
        """Run through the prelude in six slices; then follow the clock when there is one."""
        fake = self.session
        if fake.t_us < 0:
            fake.advance(min(120 * SECOND, -fake.t_us))
            self._last = None
        elif self._clock is not None:
            now = self._clock()
            if self._last is not None and not fake.paused:
                fake.advance(int((now - self._last) * SECOND * (fake.speed or 60)))
            self._last = now

    async def debrief(self, session: object, progress: Callable[[float, str], None]) -> Debrief:
        """Return a debrief that says something in every part."""
        progress(0.5, self._text("re-simulating without your moves"))
        return Debrief(
            headlines=(
                Headline(label="Practice index", value="72", note=self._text("pass is 70")),
                Headline(label="Harm avoided", value="61 %", note="of what doing nothing would cost"),
            ),
            sections=(
                DebriefSection(title="What each move did", lines=(
                    DebriefLine(text=self._text("limit: 4,120 fewer slow answers"), seqs=(4, 5), mark="good"),
                    DebriefLine(text="restart chat-pool-3: lost 88 requests", seqs=(999,), mark="bad"))),
                DebriefSection(title="What you never looked at", lines=()),
            ),
            strength=self._text("You sliced by tenant before acting."),
            improvement="Say what you expect before each command.",
        )  # fmt: skip

    def postmortem(self, session: object) -> PostmortemDraft:
        """Return what was kept, else a form of a few lines."""
        form = self._text("# Postmortem: slow-chat") + "\n\n## Summary\n\n\n## Action items\n\n-\n"
        return PostmortemDraft(
            text=self.kept or form, saved=bool(self.kept), path="postmortems/s-1.md",
            prove="incidentsim postmortem s-1.jsonl --check s-1.md",
        )  # fmt: skip

    def keep_postmortem(self, session: object, text: str) -> None:
        """Remember the text, unless the disk is full."""
        if self.full:
            raise UsageError(self._text("the postmortem can't be written: no space"))
        self.kept = text

    async def check_postmortem(self, session: object, text: str) -> PostmortemReport:
        """Find something in every part; from the second check on with what changed."""
        self.checked.append(text)
        parts = (
            CheckedPart(title="Facts: 1 right, 1 wrong, 0 unsupported", lines=(
                CheckedLine(text=self._text("right: 4 %"), line=3, seqs=(4, 5, 6, 7, 8, 9), mark="good"),
                CheckedLine(text="wrong: 12:30 (record: T+04:00)", line=6, seqs=(2,), mark="bad"))),
            CheckedPart(title="Causal claims: 0.50, 1 of 2 steps", lines=(
                CheckedLine(text="missing: 1 of 2 steps are not stated"),)),
        )  # fmt: skip
        since = (CheckedPart(title="Since the text checked before", lines=(CheckedLine(text="facts +1 right"),)),)
        return PostmortemReport(
            strength=CheckedLine(text=self._text("Your figures agree with the record."), line=3, mark="good"),
            improvement=CheckedLine(text="Say what made what."), parts=(*since, *parts) if self.checked[1:] else parts,
        )  # fmt: skip
