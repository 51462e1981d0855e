"""The postmortem of the session whose debrief is on screen: its text, kept, and checked without running a world.

Called by `home.Home` for the terminal's editor; the `postmortem` verb proves controls as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from incidentsim.cli.postmortem_report import MEANINGS, changes
from incidentsim.cli.postmortems import (
    MAX_BYTES,
    changed,
    last_check,
    memory_path,
    read_text,
    remember,
    text_path,
    write_text,
)
from incidentsim.errors import UsageError
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.postmortem.causality import RIGHT, WRONG
from incidentsim.scoring.postmortem.check import check
from incidentsim.scoring.postmortem.report import Delta, PostmortemCheck, Remark
from incidentsim.scoring.postmortem.template import template
from incidentsim.session.host import IncidentSession
from incidentsim.text import clean
from incidentsim.transcript.model import Transcript
from incidentsim.tui.provider import CheckedLine, CheckedPart, PostmortemDraft, PostmortemReport

Mark = Literal["", "good", "bad"]

_FACT_MARKS: dict[str, Mark] = {"right": "good", "wrong": "bad"}


def draft_of(host: IncidentSession, data: Path) -> PostmortemDraft:
    """Return the text saved before, else the form. Raises UsageError for a saved file that is no text."""
    transcript = host.recorder.transcript()
    path = text_path(data, _sid(transcript))
    saved = path.is_file()
    text = read_text(path) if saved else template(transcript, _title(transcript, host.scenario))
    return PostmortemDraft(
        text=clean(text, limit=MAX_BYTES, keep_newlines=True),
        saved=saved,
        path=str(path),
        prove=f"incidentsim postmortem {host.recorder.path} --check {path}",
    )


def keep(host: IncidentSession, data: Path, text: str) -> None:
    """Write the text down. Raises UsageError for one that is too long, or a place that can't be written."""
    if len(text.encode()) > MAX_BYTES:
        raise UsageError(f"the text is longer than {MAX_BYTES:,} bytes, and was not saved: that is no postmortem")
    write_text(text_path(data, _sid(host.recorder.transcript())), text)


def checked(transcript: Transcript, scenario: Scenario, data: Path, text: str) -> PostmortemReport:
    """Return what a check of the text finds, as a candidate may see it, and remember it for the next revision."""
    result = check(text, transcript, scenario)
    now = result.to_json()
    memory = memory_path(data, _sid(transcript))
    change = changed(last_check(memory, now), now)
    remember(memory, now)
    return as_report(result, change)


def as_report(result: PostmortemCheck, change: Delta | None) -> PostmortemReport:
    """Return a check in the form that the terminal shows."""
    chain = result.causality
    found = len(chain.edges) - len(chain.missing)
    facts = ", ".join(f"{result.counted(verdict)} {verdict}" for verdict in ("right", "wrong", "unsupported"))
    causal = f"{chain.score:.2f}, {found} of {len(chain.edges)} steps, root causes named: {len(chain.named)}"
    parts = [
        CheckedPart(title=f"Facts: {facts}", lines=tuple(
            CheckedLine(
                text=f"{f.verdict}: {f.said}" + (f" (record: {f.known})" if f.known else ""), line=f.line,
                mark=_FACT_MARKS.get(f.verdict, ""), seqs=f.seqs,
            )
            for f in result.facts)),
        CheckedPart(title=f"Causal claims: {causal}", lines=_claims(result)),
        CheckedPart(title="Action items", lines=_items(result)),
    ]  # fmt: skip
    if change is not None:
        lines = tuple(CheckedLine(text=text) for text in changes(change))
        parts.insert(0, CheckedPart(title="Since the text checked before", lines=lines))
    return PostmortemReport(
        strength=_remark(result.strength, "good"), improvement=_remark(result.improvement, "bad"),
        parts=tuple(part for part in parts if part.lines),
    )  # fmt: skip


def _claims(result: PostmortemCheck) -> tuple[CheckedLine, ...]:
    chain = result.causality
    out: list[CheckedLine] = []
    for c in chain.claims:
        pair = f"{result.names.get(c.cause, c.cause)} → {result.names.get(c.effect, c.effect)}"
        guess = ", said to be possible" if c.guess and c.verdict in (*RIGHT, *WRONG) else ""
        mark: Mark = "good" if c.verdict in (*RIGHT, "cleared") else "bad" if c.verdict in WRONG else ""
        text = f"{c.verdict}: {pair} ({MEANINGS[c.verdict]}{guess})"
        out.append(CheckedLine(text=text, line=c.line, mark=mark))
    out += [
        CheckedLine(text="not read: names more than four things; one step a sentence", line=line)
        for line, _ in chain.crowded
    ]
    if chain.missing:
        out.append(CheckedLine(text=f"missing: {len(chain.missing)} of {len(chain.edges)} steps are not stated"))
    return tuple(out)


def _items(result: PostmortemCheck) -> tuple[CheckedLine, ...]:
    out: list[CheckedLine] = []
    for item in result.prevention.items:
        if item.problem:
            out.append(CheckedLine(text=f"unusable control: {item.problem}", line=item.line, mark="bad"))
        elif item.controls:
            out += [CheckedLine(text=f"control, not proven here: {text}", line=item.line) for text in item.controls]
        else:
            out.append(CheckedLine(text=f"no control: {item.text}", line=item.line))
    return tuple(out)


def _remark(remark: Remark, mark: Mark) -> CheckedLine:
    return CheckedLine(text=remark.text, line=remark.lines[0] if remark.lines else 0, seqs=remark.seqs, mark=mark)


def _sid(transcript: Transcript) -> str:
    return str(transcript.header.get("sid", "session"))


def _title(transcript: Transcript, scenario: Scenario) -> str:
    return Cast.from_json(transcript.header["cast"]).render(scenario.title)
