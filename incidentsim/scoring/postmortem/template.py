"""The empty form of a postmortem, filled with what the person knows: their commands, statuses, alerts and pages.

`incidentsim postmortem --new` writes it. Nothing of the scenario's truth is in it: it is made from records that the
candidate may see. `check` passes over these lines, so that they earn nothing.
"""

from __future__ import annotations

from incidentsim.exact import format_clock
from incidentsim.scoring.play import world_verb
from incidentsim.text import clean
from incidentsim.transcript.model import Record, Transcript

_FORM = """\
# Postmortem: {title}

<!-- Times are since the first page, as T+12:30. To write times of day, say once: T+0 = 14:05. -->
<!-- Comments like this one, and the lines that were here from the start, are not read. -->

## Summary

<!-- Two or three sentences: what users noticed, for how long, why, and what ended it. -->

## Impact

<!-- Who was affected and how much: requests, shares, customers, how long. Figures are held against the record. -->

## Timeline

| time | what happened |
|---|---|
{rows}

## Root causes and causal chain

<!-- What made what, one step a sentence: "A made B", "B happened because of A". Trigger, root cause, how it
     spread, what users felt. Say what you ruled out. A sentence that names more than four things claims nothing. -->

## What went well

-

## What went badly

-

## Action items

<!-- One a list item. A control below it is proven by running the incident again with it in place:
     `control: gateway.client_retry_budget=0.1`, or an alert rule in Prometheus syntax as a yaml block. -->

-
"""


def template(transcript: Transcript, title: str) -> str:
    """Return the form for one session. `title` is the scenario's, as everybody sees it."""
    rows = [f"| {format_clock(r.t_us)} | {text} |" for r in transcript.records if (text := _row(r))]
    return _FORM.format(title=clean(title), rows="\n".join(rows) or "| | |")


def _row(r: Record) -> str:
    """Return what a record says to the person who was there, empty for what has no place in a timeline."""
    if "c" not in r.vis:
        return ""
    body = r.body
    text = ""
    match r.type:
        case "page":
            text = f"paged by {body.get('source', '')}: {body.get('text', '')}"
        case "alert_fired" | "alert_cleared":
            text = f"alert {body.get('alert', '')} {'fired' if r.type == 'alert_fired' else 'cleared'}"
        case "ack":
            text = "acknowledged"
        case "severity":
            text = f"declared {body.get('severity', '')}"
        case "accepted" if world_verb(str(body.get("verb", ""))) and not body.get("dry_run"):
            text = str(body.get("text") or body.get("verb", ""))
        case "status":
            text = f"status: {body.get('text', '')}"
        case "end":
            text = f"closed: {body.get('text', '')}" if body.get("text") else "closed"
    return clean(text.replace("|", "/"), limit=200)
