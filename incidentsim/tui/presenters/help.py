"""The help text as rows: keys, then every verb from the registry. Pure."""

from __future__ import annotations

from incidentsim.commands.help import overview, verb_help
from incidentsim.specs.verbs import VERBS
from incidentsim.tui.presenters.results import DANGER_GLYPH
from incidentsim.tui.presenters.rows import Row, row, span

_FIRST = ("A first incident", (
    ("ack", "say that you have the page; the clock runs, Space stops it"),
    ("look", "alerts and curves in front; 4 changes, 5 stack, 6 runbooks; `query`, `logs`, `trace`, `inspect`, `ask`"),
    ("hypothesis", "say what you suspect and how sure you are, before you act"),
    ("act", "first with --dry-run; then look whether users recover, and `undo` what does not help"),
    ("status", "tell people what is known and what you do"),
    ("diagnose", "commit the cause: a component and a fault, `diagnose router:` offers them"),
    ("resolve", "when users are well; the debrief follows"),
))  # fmt: skip
"""An incident from page to debrief, for somebody who plays the first one."""

_KEYS = (
    ("Home", (
        ("/", "filter the scenarios by words: title, level, skill, exercise, `new`; Esc shows all again"),
        ("l", "level preset of the next play: as written, junior, mid, senior, staff"),
    )),
    ("Everywhere", (
        ("a letter", "begins a command, unless the pane in front uses it (Logs and Metrics do)"),
        (":", "go to the command line; / goes to the tab's own box where it has one"),
        ("1-8", "bring a tab to the front"), ("Tab", "next pane"), ("z", "zoom the focused pane, Esc leaves"),
        ("Space", "pause and resume the clock"), ("+ -", "speed: 0.5, 1, 2, 4, 8, as fast as possible"),
        ("v", "show or hide the answers to commands"), ("Ctrl+P", "palette of all commands and themes"),
        ("F1 ?", "this help"), ("Ctrl+Q", "leave; the session is kept"),
    )),
    ("Command line", (
        ("Enter", "run; a risky command asks once, a second Enter confirms"),
        ("help", "this help; with the name of a command, what that one takes and does"),
        ("Tab", "take the marked offer"),
        ("↓ ↑", "choose an offer; on an empty line walk through history"), ("Ctrl+R", "search the history"),
        ("PgUp", "scroll the answers; PgDn forward"),
        ("Esc", "close offers, cancel a question, leave the line; then hide the answers"),
        ("", "on an empty line digits, Space, + - and ? work as in the panes"),
    )),
    ("Logs", (
        ("/ s", "filter (hides lines), search (marks them)"), ("n N", "next and former hit"),
        ("e E", "next and former error"), ("i o", "only this line's service, without it"),
        ("w c", "warnings and worse only, clear"), ("End", "follow"),
        ("← →", "read long lines sideways"), ("y Y", "copy the line, as evidence"),
    )),
    ("Metrics", (
        ("[ ]", "the tiles' expressions"), ("← →", "time cursor, with Shift by ten; Backspace drops it"),
        ("w", "window: 5, 15, 30, 60 min"), ("c", "compare with ten minutes ago"),
    )),
)  # fmt: skip


def verb_rows(verb: str) -> list[Row]:
    """Return help on one command. Raises CommandError with a suggestion for an unknown one."""
    usage, *lines = verb_help(verb)
    return [row(span(usage, "accent"), indent=4), *(row(line, indent=4) for line in lines)]


def help_rows() -> list[Row]:
    """Return keys and verbs; a risky verb has its danger, duration and way back below it."""
    rows: list[Row] = []
    for heading, keys in (_FIRST, *_KEYS):
        rows.append(row(span(heading, "heading")))
        rows += [row(span(f"  {key:<11}", "accent"), text, indent=13) for key, text in keys]
        rows.append(row())
    for heading, verbs in overview():
        rows.append(row(span(heading, "heading")))
        for usage, text in verbs:
            spec = VERBS[usage.split(" ", 1)[0]]
            rows.append(row(span(f"  {usage}", "accent"), indent=6))
            rows.append(row(span(f"      {text}"), indent=6))
            if spec.danger != "none":
                back = f"undo: {spec.inverse}" if spec.inverse else "can't be undone"
                role = "bad" if spec.danger == "destructive" else "warn"
                facts = " · ".join(p for p in (spec.duration, back) if p)
                rows.append(row(span(f"      {DANGER_GLYPH[spec.danger]}", role), span(f" · {facts}", "dim"), indent=6))
        rows.append(row())
    return rows
