"""Help on the command language, generated from `specs.verbs`: for the terminal, plain mode and the docs."""

from __future__ import annotations

from incidentsim.commands.lex import FLAGS, options_of
from incidentsim.commands.names import find_verb
from incidentsim.commands.reference import table
from incidentsim.specs.verbs import BECAUSE, VERBS, Argument, Group, VerbSpec

GROUPS: dict[Group, str] = {
    "look": "Look: read signals; nothing in the world changes",
    "act": "Act: change the world",
    "think": "Think: write down what you believe",
    "communicate": "Communicate: tell people",
}
"""The groups of verbs in the order in which help shows them, with a heading."""

_FLAG_HELP = {
    "dry-run": "List targets, steps, duration, cost and the users touched now; change nothing.",
    "yes": "Skip the question that a risky command asks.",
}


def usage(verb: str, *, current: str = "") -> str:
    """Return the signature of a verb, `limit <tenant> <resource> <rate> [--because TEXT] …`.

    `current` is the name of the argument or option that is being typed: it is shown between » and «.
    Raises CommandError for an unknown verb.
    """
    spec = find_verb(verb)
    parts = [spec.name]
    for argument in spec.arguments:
        shown = f"»{argument.name}«" if argument.name == current else f"<{argument.name}>"
        parts.append(shown if argument.required else f"[{shown}]")
    for name, option in options_of(spec).items():
        shown = f"»--{name}«" if name == current else f"--{name}"
        parts.append(f"[{shown} {option.kind.upper()}]" if option else f"[{shown}]")
    return " ".join(parts)


def verb_help(name: str) -> tuple[str, ...]:
    """Return help on one verb, line by line. Raises CommandError with a suggestion for an unknown verb."""
    spec = find_verb(name)
    lines = [usage(spec.name), spec.help]
    fields = [(f"<{a.name}>", _argument_help(a)) for a in spec.arguments]
    fields += [(f"--{key}", _option_help(key, option)) for key, option in options_of(spec).items()]
    width = max((len(shown) for shown, _ in fields), default=0)
    lines += [f"  {shown.ljust(width)}  {text}" for shown, text in fields]
    lines += [f"{label}: {text}" for label, text in _traits(spec)]
    return tuple(lines)


def overview() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return every group's heading with the (usage, help) of its verbs."""
    return tuple(
        (heading, tuple((_short_usage(spec), spec.help) for spec in VERBS.values() if spec.group == group))
        for group, heading in GROUPS.items()
    )


def markdown_reference() -> str:
    """Return the reference of all commands as Markdown, for docs/commands.md."""
    out = [
        "# Commands",
        "",
        "Every act verb also takes these options:",
        "",
        table(
            ("option", "meaning"),
            [
                (f"`--{BECAUSE.name} TEXT`", BECAUSE.help),
                *((f"`--{flag}`", _FLAG_HELP[flag]) for flag in FLAGS),
            ],
        ),
        "",
        "A text may stand in quotes or not; it ends at the next option that the verb knows.",
    ]
    for group, heading in GROUPS.items():
        out += ["", f"## {heading}"]
        for spec in VERBS.values():
            if spec.group == group:
                out += ["", *_markdown_section(spec)]
    return "\n".join(out) + "\n"


def _markdown_section(spec: VerbSpec) -> list[str]:
    out = [f"### {spec.name}", "", spec.help, "", "```", _short_usage(spec), "```"]
    rows = [(f"`{a.name}`", _argument_help(a)) for a in spec.arguments]
    rows += [(f"`--{option.name}`", option.help) for option in spec.options]
    if rows:
        out += ["", table(("argument", "meaning"), rows)]
    traits = _traits(spec)
    if traits:
        out += ["", *(f"- {label}: {f'`{text}`' if label == 'Example' else text}" for label, text in traits)]
    return out


def _traits(spec: VerbSpec) -> list[tuple[str, str]]:
    traits: list[tuple[str, str]] = []
    if spec.danger != "none":
        traits.append(("Danger", spec.danger))
    if spec.duration:
        traits.append(("Takes", spec.duration))
    if spec.group == "act":
        traits.append(("Undo", spec.inverse or "it can't be undone"))
    if spec.example:
        traits.append(("Example", spec.example))
    return traits


def _short_usage(spec: VerbSpec) -> str:
    """Return the signature without the options that all act verbs share."""
    parts = [spec.name]
    parts += [f"<{a.name}>" if a.required else f"[<{a.name}>]" for a in spec.arguments]
    parts += [f"[--{option.name} {option.kind.upper()}]" for option in spec.options]
    return " ".join(parts)


def _argument_help(argument: Argument) -> str:
    return argument.help if argument.required else f"{argument.help} Optional."


def _option_help(name: str, option: Argument | None) -> str:
    return option.help if option else _FLAG_HELP[name]
