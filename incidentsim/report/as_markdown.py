"""A report as Markdown: the same content as the page, for a ticket, a terminal or a repository.

Called by the command line. Text of people and files is escaped, so that it can't become markup, a link, an image
or HTML wherever the Markdown is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from incidentsim.report.model import Report, Sentence

_SPECIAL = re.compile(r"([\\`*\[\]<>#|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|\A[-+=])")
"""What Markdown reads anywhere, underscores at the edge of a word, and what begins an item or a heading."""

_NUMBERED = re.compile(r"\A(\d{1,9})([.)])(?=\s|\Z)")
_BARE_LINK = re.compile(r"(?i)\b(https?|ftp|mailto|www)([:.])")
_ENTITY = re.compile(r"&")

MOST_SEQS = 6
"""Transcript numbers shown for one statement; the rest are counted."""


def to_markdown(report: Report) -> str:
    """Return the report as Markdown. The same report gives the same bytes."""
    blocks = [*_head(report), *_timeline(report), *_actions(report), *_diagnosis(report), *_interview(report)]
    blocks += [*_postmortem(report), *_score(report), *_appendix(report)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown shows literally, on one line."""
    line = _SPECIAL.sub(r"\\\1", _ENTITY.sub("&amp;", " ".join(text.split())))
    return _BARE_LINK.sub(r"\1\\\2", _NUMBERED.sub(r"\1\\\2", line))


def _said(sentence: Sentence, report: Report) -> str:
    rule = f" [§{escaped(sentence.rule)}](#rule-{sentence.rule})" if _known(sentence.rule, report) else ""
    return f"{escaped(sentence.text)}{_seqs(sentence.seqs)}{rule}"


def _known(rule: str, report: Report) -> bool:
    return any(view.id == rule for view in report.rules)


def _seqs(seqs: Sequence[int]) -> str:
    if not seqs:
        return ""
    shown = " ".join(f"[#{seq}](#seq-{seq})" for seq in seqs[:MOST_SEQS])
    return f" {shown}" + (f" and {len(seqs) - MOST_SEQS} more" if len(seqs) > MOST_SEQS else "")


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are escaped already."""
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(cell or '–' for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _head(report: Report) -> list[str]:
    h = report.head
    out = [
        f"# Incident report: {escaped(h.title)}",
        f"{escaped(h.scenario)} version {h.scenario_version}, level {h.level}, seed {h.seed}, {escaped(h.ended)}, "
        f"played {escaped(h.created_utc)}.",
        escaped(h.audience_note), "## In short",
    ]  # fmt: skip
    if h.truth and not h.measured:
        out.append("This engine could not run the record again, so effects of actions, the practice index and signals "
                   "are missing.")  # fmt: skip
    for paragraph in report.summary:
        out += [f"### {escaped(paragraph.title)}", _list(_said(s, report) for s in paragraph.sentences)]
    if report.facts:
        rows = [(escaped(f.title), f"**{escaped(f.value)}**", escaped(f.note) + _seqs(f.seqs)) for f in report.facts]
        out.append(_table(("figure", "value", "what it is"), rows))
    if report.score is not None:
        for title, told in (("One strength", report.score.strength), ("One improvement", report.score.improvement)):
            out.append(f"**{title}:** {_said(told, report)}" if told is not None else "")
    return out


def _timeline(report: Report) -> list[str]:
    chart = report.chart
    out = ["## Timeline", escaped(chart.note)]
    if report.times:
        rows = [(escaped(row.title), escaped(row.clock), _seqs(row.seqs).strip()) for row in report.times]
        out.append(_table(("milestone", "time", "line"), rows))
    names = {"cause": "Root cause", "fault": "Other planted fault", "alert": "Alert"}
    out.append(_list(f"{names[span.lane]}: {escaped(span.text)}{_seqs(span.seqs)}" for span in chart.spans))
    if chart.table:
        out += [
            "Burn rates (1 is what the objective allows) and signals, minute by minute:",
            _table([escaped(c) for c in chart.table_columns], [[escaped(c) for c in row] for row in chart.table]),
        ]
    return out  # fmt: skip


def _actions(report: Report) -> list[str]:
    out = ["## Actions, and what they did to users"]
    out += [_said(s, report) for s in (report.together, report.method) if s is not None]
    if not report.moves:
        return [*out, "None: nothing in the stack was changed."]
    truth = report.head.truth
    rows = []
    for m in report.moves:
        because = f" because “{escaped(m.because)}”" if m.because else ""
        unsafe = " **unsafe: destructive without preview or evidence**" if m.unsafe else ""
        error = f" ± {m.error:,.0f}" if m.error is not None else ""
        credit = "" if m.credit is None else f"{m.credit:+,.0f}{error}".replace("-", "−") if m.credit else "0"
        row = [str(m.number), m.clock, f"{escaped(m.text)}{because}{_seqs(m.seqs)}{unsafe}", escaped(m.effect), credit]
        if truth:
            row += ["yes" if flag else "no" for flag in (m.evidence_before, m.hypothesis_before, m.verified)]
        rows.append(row)
    habits = ["looked before", "suspected before", "checked after"] if truth else []
    return [*out, _table(["no", "time", "action", "what it did to users", "credit", *habits], rows)]


def _diagnosis(report: Report) -> list[str]:
    out, truth = ["## Diagnosis and evidence"], report.head.truth
    for cause in report.causes:
        named = "not named" if cause.named is None else f"named at {100 * cause.named:.0f} %{_seqs(cause.named_seqs)}"
        carried = " and ".join(f"{escaped(i.text)} at {i.clock}{_seqs(i.seqs)}" for i in cause.carried)
        sets = "; or ".join(
            " and ".join(f"{escaped(i.text)} ({'seen at ' + i.clock if i.seqs else 'not looked at'})" for i in items)
            for items in cause.evidence
        )
        chain = " → ".join(escaped(node) for node in (*cause.chain, "users"))
        carried = carried or "no complete set of evidence was seen"
        points = (f"Chain: {chain}", f"Diagnosis: {named}", f"Carried by: {carried}", f"Any one of: {sets}",
                  f"Outcome: {escaped(cause.removed)}")  # fmt: skip
        title = escaped(f"{cause.fault} of {cause.component}")
        out += [f"### Root cause: {title}", escaped(cause.why), _list(points)]
    if report.herrings:
        out += ["True, but beside the point:", _list(escaped(text) for text in report.herrings)]
    if report.diagnosis:
        rows = [[escaped(f"{c.fault} of {c.component}"), f"{100 * c.p:.0f} %",
                 *((escaped(c.verdict), escaped(c.evidence)) if truth else ()), _seqs(c.seqs).strip()]
                for c in report.diagnosis]  # fmt: skip
        verdict = ("verdict", "evidence") if truth else ()
        out += ["Committed diagnosis:", _table(("cause", "probability", *verdict, "line"), rows)]
    else:
        out.append("No diagnosis was committed.")
    if report.hypotheses:
        rows = [[escaped(h.statement) + _seqs(h.seqs), escaped(h.cause), escaped(h.steps),
                 escaped("; ".join(filter(None, (h.state, h.verdict))))] for h in report.hypotheses]  # fmt: skip
        out += ["Hypotheses:", _table(("hypothesis", "cause named", "probability", "state"), rows)]
    if report.statements:
        rows = [[s.clock, f"“{escaped(s.text)}”{_seqs(s.seqs)}", *((escaped(s.verdict),) if truth else ())]
                for s in report.statements]  # fmt: skip
        told = ("time", "update", *(("at that time",) if truth else ()))
        out += ["What others were told:", _table(told, rows)]
    if report.never:
        out += ["## What was never looked at", _list(_said(s, report) for s in report.never)]
    return out


def _interview(report: Report) -> list[str]:
    out: list[str] = []
    if report.interview is not None:
        view = report.interview
        by = f"Rubric: {view.rubric}" + (f"; marked by {view.rater}" if view.rater else "") if view.rubric else ""
        out += ["## Interview scorecard", escaped(by), _list(escaped(text) for text in view.result)]
        for domain in view.domains:
            rows = [(escaped(line.title), "a rule" if line.by == "rule" else "a person", _points(line.got, line.most),
                     "" if line.by == "rule" else "not marked" if line.mark is None else f"{line.mark} of 5",
                     escaped(line.detail) + _seqs(line.seqs)) for line in domain.lines]  # fmt: skip
            total = f": {_points(domain.got, domain.most)}" if domain.most is not None else ""
            out += [f"### {escaped(domain.title)}{total}",
                    _table(("criterion", "by", "points", "mark", "what it rests on"), rows)]  # fmt: skip
    if report.flags:
        told = "Proposals, not findings: a person confirms or rejects each. They carry no weight in any score."
        lines = (f"**{flag.colour.capitalize()}: {escaped(flag.title)}** {escaped(flag.text)}{_seqs(flag.seqs)} "
                 f"({escaped(flag.status)})" for flag in report.flags)  # fmt: skip
        out += ["## Red and green flags", told, _list(lines)]
    return out


def _points(got: float | None, most: float | None) -> str:
    if got is None:
        return "" if most is None else f"not known, of {most:g}"
    return f"{got:.1f}" if most is None else f"{got:.1f} of {most:g}"


def _postmortem(report: Report) -> list[str]:
    out: list[str] = []
    if report.postmortem is not None:
        rows = [(escaped(row.kind), escaped(row.text), escaped(row.verdict), escaped(row.detail) + _seqs(row.seqs))
                for row in report.postmortem.rows]  # fmt: skip
        out += ["## Postmortem, checked against the record", _list(_said(s, report) for s in report.postmortem.summary),
                _table(("kind", "the text says", "verdict", "the record says"), rows) if rows else ""]  # fmt: skip
    if report.notes:
        out += ["## Interviewer's notes", _list(_said(s, report) for s in report.notes)]
    return out


def _score(report: Report) -> list[str]:
    if report.score is None:
        return []
    index = "" if report.score.index is None else f"Practice index {report.score.index:.1f} of 100. "
    rows = [
        (escaped(f"{part.key}: {part.title}"), escaped(part.value),
         "" if part.worth is None else _points(part.points, part.worth),
         escaped(", ".join(f"{name} {value}" for name, value in part.inputs)),
         (f"[§{part.rule}](#rule-{part.rule})" if _known(part.rule, report) else "") + _seqs(part.seqs))
        for part in report.score.parts
    ]  # fmt: skip
    return ["## Practice index and its parts", index + escaped(report.score.interval),
            _table(("part", "value", "points", "made from", "rule and lines"), rows)]  # fmt: skip


def _appendix(report: Report) -> list[str]:
    out = ["## What this report can't tell", _list(escaped(text) for text in report.limits)]
    if report.rules:
        lines = (f'<a id="rule-{rule.id}"></a>**{escaped(f"{rule.id}: {rule.title}")}** '
                 f"(weight {escaped(rule.weight)}). {escaped(rule.formula)} {escaped(rule.why)}"
                 for rule in report.rules)  # fmt: skip
        out += ["## Rules", _list(lines)]
    rows = [(f'<a id="seq-{row.seq}"></a>#{row.seq}', row.clock, escaped(row.who),
             escaped(row.text) + (" (truth)" if row.truth else "")) for row in report.records]  # fmt: skip
    out += ["## Transcript", _table(("line", "time", "who", "what"), rows)]
    h = report.head
    out.append(f"Recorded with {escaped(h.engine)}; {escaped(h.authority)}.")
    return out
