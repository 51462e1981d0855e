"""One digest over hash seeds, Pythons, speeds and pauses: `python -m benchmarks.digests [WHAT...] [--python PATH...]`

WHAT are stacks, run for five minutes under their own demand with a command each minute, and `slow-chat`, whose
reference script is played to the end; all of them unless told otherwise. `--python` takes further interpreters that
have incidentsim's dependencies. Each is run with three hash seeds, in as many ways of slicing time, and once with
telemetry off, where only dyn must be equal; and, where `make fast` has compiled the world for this Python, so once
more. Prints both digests of each way, and where two of them part; exit code 1 then.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass

from incidentsim.events import CheckpointTaken
from incidentsim.session.divergence import first_parting
from incidentsim.sources import PURE_VARIABLE, build_path

CHILD = """
import json, sys
from incidentsim.commands.parse import parse
from incidentsim.events import CheckpointTaken
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.healthy import healthy, load_stack
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.script import script_commands
from incidentsim.sources import compiled
from incidentsim.world import World
from incidentsim.world.actions import ACTIONS
what, telemetry, slice_us = sys.argv[1], sys.argv[2] == "on", int(sys.argv[3])
MINUTE = 60_000_000
if what == "slow-chat":
    scenario = load_scenario(find(what))
    cast = plain_cast(scenario)
    script = [(l.t_us, l.command) for l in script_commands(scenario.scripts["reference/limit-first.jsonl"], cast)]
else:
    scenario = healthy(load_stack(what), duration_us=4 * MINUTE, prelude_us=MINUTE)
    cast = plain_cast(scenario)
    pool = scenario.stack.pools[0].id
    lines = f"restart {pool}-0", f"set {pool}.max_num_seqs 64", f"drain {pool}-1", f"scale {pool} 5"
    script = [(5_000_000 + i * 40_000_000, line) for i, line in enumerate(lines)]
world = World(scenario, seed=1, cast=cast, telemetry=telemetry)
ref = 0
for t_us, line in script:
    command = parse(line, world.vocabulary())
    if command.verb not in ACTIONS:
        continue
    while world.now_us < t_us - 100_000:
        world.advance(min(t_us - 100_000, world.now_us + slice_us))
    ref += 1
    command = world.resolve(command)
    world.check(command)
    world.submit(command, t_us=t_us, k=0, ref=ref)
while world.now_us < scenario.duration:
    world.advance(min(scenario.duration, world.now_us + slice_us))
marks = [[f.t_us, f.dyn, f.tel, f.parts] for f in world.facts() if isinstance(f, CheckpointTaken)]
print(json.dumps({"version": sys.version.split()[0], "form": "compiled" if compiled() else "interpreted",
                  "dyn": world.dyn_digest(), "tel": world.tel_digest(), "names": world.part_names(), "marks": marks}))
"""

STACKS = ("chat", "assistant", "multi-region", "slow-chat")

WAYS = (("0", 100_000, "on"), ("1", 8_137_911, "on"), ("1", 8_137_911, "off"), ("4242", 10**9, "on"))
COMPILED_WAYS = WAYS[1:3]
"""Hash seed, slice in µs, telemetry: one tick at a time (as at ×1), odd slices (as with pauses), all at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one run printed. `marks` are (t_us, dyn, tel, parts) of every checkpoint, `names` those of the parts."""

    version: str
    form: str
    dyn: str
    tel: str
    names: list[str]
    marks: list[tuple[int, str, str, str]]


def main() -> int:
    """Run every way, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=STACKS)
    parser.add_argument("--python", nargs="*", default=[], metavar="PATH")
    args = parser.parse_args()
    runs = [(python, "1", way) for python in [sys.executable, *args.python] for way in WAYS]
    if build_path().is_dir():
        runs += [(sys.executable, "0", way) for way in COMPILED_WAYS]
    wrong = 0
    for what in args.what:
        first: list[CheckpointTaken] | None = None
        for python, pure, (seed, slice_us, telemetry) in runs:
            ran = run_child(python, seed, pure, what, telemetry, str(slice_us))
            print(f"{what:<12} python {ran.version:<7} {ran.form:<11} hash seed {seed:>4} slices {slice_us:>10} µs "
                  f"telemetry {telemetry:<3} dyn {ran.dyn} tel {ran.tel}", flush=True)  # fmt: skip
            now = [_mark(*mark, dyn_only=telemetry == "off") for mark in ran.marks]
            first = now if first is None else first
            compared = first if telemetry == "on" else [_mark(m.t_us, m.dyn, "", m.parts) for m in first]
            parting = first_parting(compared, now, ran.names)
            if parting is not None:
                wrong += 1
                print(f"  DIFFERENT: {parting}")
    print("equal" if not wrong else f"{wrong} ways DIFFER")
    return 1 if wrong else 0


def run_child(python: str, hash_seed: str, pure: str, *arguments: str) -> Ran:
    """Run CHILD in a process of its own. `pure` is "1" for the interpreted world, "0" for the compiled one."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, PURE_VARIABLE: pure, "PYTHONPATH": os.getcwd()}
    command = [python, "-c", CHILD, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return Ran(**json.loads(done.stdout))


def _mark(t_us: int, dyn: str, tel: str, parts: str, *, dyn_only: bool = False) -> CheckpointTaken:
    return CheckpointTaken(t_us=t_us, dyn=dyn, tel="" if dyn_only else tel, sli={}, cost_microdollars=0, parts=parts)


if __name__ == "__main__":
    sys.exit(main())
