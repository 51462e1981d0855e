"""The terminal's door to scenarios, sessions and scores: implements `tui.provider.HomeProvider`.

The terminal may not import any of them; it gets plain values and a `Session` from here. One session runs at a
time, and leaving it lets go of its file.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from incidentsim.cli import editing
from incidentsim.cli.judge import keep_result, last_index
from incidentsim.cli.library import cache_dir, open_session, resume_session, set_pace
from incidentsim.cli.rewound import futures_of, rewind_session
from incidentsim.client_api import Session
from incidentsim.config import Config
from incidentsim.errors import UsageError
from incidentsim.scenario.catalogue import Entry, list_scenarios
from incidentsim.scoring.debrief import Section, debrief
from incidentsim.scoring.debrief_names import as_shown
from incidentsim.scoring.scorecard import Scorecard
from incidentsim.session.host import IncidentSession
from incidentsim.session.judging import judge
from incidentsim.session.pacing import LivePacer
from incidentsim.session.store import StoredSession, list_sessions
from incidentsim.specs.levels import LEVELS
from incidentsim.tui.provider import (
    Debrief,
    DebriefLine,
    DebriefSection,
    GalleryEntry,
    Headline,
    PostmortemDraft,
    PostmortemReport,
    RecentEntry,
)

RECENT = 20
"""Sessions listed on the home screen."""

_STRENGTH, _IMPROVEMENT = "Strength", "To improve"
_HEADLINES = (
    ("S", "Saved", "share of what the reference saves"),
    ("De", "Diagnosis", "with the evidence for it"),
    ("P", "Process", "evidence and hypothesis before, check after"),
    ("C", "Words", "true updates while users were harmed"),
)
"""Parts of the score that head the debrief, with what they mean."""


def _place(entry: Entry) -> tuple[int, int, str]:
    """Where a scenario stands in the gallery: a newcomer begins at the top."""
    levels = list(LEVELS)
    return (levels.index(entry.level) if entry.level in levels else len(levels), entry.duration_us, entry.id)


class Home:
    """The home screen's provider over one data directory. Holds the one session that is open."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._host: IncidentSession | None = None
        self._pacer: LivePacer | None = None
        self._catalogue: tuple[Entry, ...] = ()
        _start_helper_of_processes()

    def gallery(self) -> tuple[GalleryEntry, ...]:
        """Return the scenarios that can be played, easiest level and shortest first, with the best result so far."""
        if not self._catalogue:  # read once: it takes a quarter of a second, and the screen waits for it
            self._catalogue = tuple(sorted(list_scenarios(self._config.scenarios_dir), key=_place))
        best: dict[str, float] = {}
        for stored in self._stored():
            index = last_index(stored.path)
            if index is not None:
                best[stored.scenario] = max(index, best.get(stored.scenario, 0.0))
        return tuple(
            GalleryEntry(
                id=entry.id,
                title=entry.title,
                summary=entry.summary,
                level=entry.level,
                duration_us=entry.duration_us,
                skills=entry.skills,
                shapes=entry.shapes,
                best_result=f"{best[entry.id]:.0f}" if entry.id in best else "",
            )
            for entry in self._catalogue
            if not entry.error
        )

    def recent(self) -> tuple[RecentEntry, ...]:
        """Return the newest sessions on disk; broken ones are left to `doctor`."""
        out = []
        for stored in self._stored()[:RECENT]:
            index = last_index(stored.path)
            out.append(
                RecentEntry(
                    session_id=stored.sid,
                    scenario=stored.scenario,
                    when=stored.created_utc.replace("T", " ").removesuffix("Z"),
                    state="finished" if stored.state == "finished" else "resumable",
                    result="" if index is None else f"{index:.0f}",
                )
            )
        return tuple(out)

    async def open(self, scenario_id: str, *, seed: int | None = None, level: str | None = None) -> Session:
        """Start a session of a scenario, at a level preset or as it is written."""
        self.close()
        host = open_session(self._config, scenario_id, seed, level or "")
        set_pace(self._config, host)
        return self._take(host)

    async def resume(self, session_id: str) -> Session:
        """Open a session on disk: one that is not over comes back paused.

        Its record is run again in a thread, which takes seconds, and the screen stays alive.
        """
        self.close()
        return self._take(await asyncio.to_thread(resume_session, self._config, session_id))

    async def pump(self, session: Session, budget_s: float) -> None:
        """Step the open session's world for at most `budget_s`."""
        if self._pacer is not None:
            self._pacer.pulse(budget_s)

    async def debrief(self, session: Session, progress: Callable[[float, str], None]) -> Debrief:
        """Score the open session, in a thread: re-simulation takes seconds, and the screen stays alive."""
        host = self._finished("debrief")
        loop = asyncio.get_running_loop()

        def tell(done: int, total: int) -> None:
            loop.call_soon_threadsafe(progress, done / max(1, total), f"re-simulating {done} of {total}")

        transcript = host.recorder.transcript()
        cache, data = cache_dir(self._config), self._config.data_dir
        card = await asyncio.to_thread(judge, transcript, host.scenario, cache=cache, progress=tell)
        keep_result(host.recorder.path, card)
        futures = await asyncio.to_thread(futures_of, transcript, host.scenario, data=data, cache=cache, progress=tell)
        return as_debrief(as_shown(card, transcript), futures)

    def postmortem(self, session: Session) -> PostmortemDraft:
        """Return the text of the open session's postmortem as it was left, else the form."""
        return editing.draft_of(self._finished("write about"), self._config.data_dir)

    def keep_postmortem(self, session: Session, text: str) -> None:
        """Write that text down."""
        editing.keep(self._finished("write about"), self._config.data_dir, text)

    async def check_postmortem(self, session: Session, text: str) -> PostmortemReport:
        """Check that text against the record, in a thread; no world is run."""
        host = self._finished("write about")
        transcript, data = host.recorder.transcript(), self._config.data_dir
        return await asyncio.to_thread(editing.checked, transcript, host.scenario, data, text)

    async def rewind(self, session: Session, t_us: int) -> Session:
        """Take over from a moment of the open session, which is over, as a new one: paused there."""
        host = self._host
        if host is None:
            raise UsageError("there is no session to take over from")
        sid = host.recorder.path.stem
        taken = await asyncio.to_thread(rewind_session, self._config, sid, t_us)
        self.close()
        return self._take(taken)

    def close(self) -> None:
        """Let go of the open session's file."""
        if self._host is not None:
            self._host.close()
        self._host = self._pacer = None

    def open_session_id(self) -> str:
        """Return the id of the open session while it can be resumed, else an empty text."""
        host = self._host
        return "" if host is None or host.ended else host.recorder.path.stem

    def _finished(self, what: str) -> IncidentSession:
        if self._host is None or not self._host.ended:
            raise UsageError(f"there is no finished session to {what}")
        return self._host

    def _take(self, host: IncidentSession) -> Session:
        self._host, self._pacer = host, LivePacer(host)
        return host.client("candidate")

    def _stored(self) -> list[StoredSession]:
        return [s for s in list_sessions(self._config.data_dir) if s.state != "broken"]


def _start_helper_of_processes() -> None:
    """Start the process that multiprocessing needs beside its workers while stderr is a real file.

    The terminal replaces stderr by one without a descriptor, and the helper can't be started then; the
    debrief re-simulates in worker processes while the terminal is up.
    """
    if os.name == "posix":
        from multiprocessing.resource_tracker import ensure_running

        ensure_running()


def as_debrief(card: Scorecard, futures: Section | None = None) -> Debrief:
    """Return a scorecard, and the comparison of two futures, in the form that the terminal shows."""
    sections = {section.title: section for section in (*([futures] if futures else []), *debrief(card))}
    index = card.practice_index
    value = "not measured" if index is None else f"{index:.0f}"
    headlines = [Headline(label="Practice index", value=value, note="of 100; for practice, not for hiring")]
    for key, label, note in _HEADLINES:
        part = card.parts[key].value
        headlines.append(Headline(label=label, value="–" if part is None else f"{100 * part:.0f} %", note=note))
    told = [s for title, s in sections.items() if title not in (_STRENGTH, _IMPROVEMENT)]
    return Debrief(
        headlines=tuple(headlines),
        sections=tuple(_section(section) for section in told),
        strength=_only_line(sections.get(_STRENGTH)),
        improvement=_only_line(sections.get(_IMPROVEMENT)),
    )


def _section(section: Section) -> DebriefSection:
    lines = tuple(DebriefLine(text=line.text, seqs=line.seqs, mark=line.mark) for line in section.lines)
    return DebriefSection(title=section.title, lines=lines)


def _only_line(section: Section | None) -> str:
    return section.lines[0].text if section else ""
