"""Compile the world to C extensions: `python -m tools.compile_world`, or `make fast`.

mypyc compiles what `incidentsim.sources.COMPILED` names, from the same files that otherwise run as they are; needs a
C compiler and a few minutes. The build lies in build/fast, under a name that holds the digest of its sources:
after a change of them it is not used any more, and this makes a new one. What stays interpreted is in `INTERPRETED`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from incidentsim.sources import BUILDS, COMPILED, PACKAGE, build_path

INTERPRETED = ("telemetry/promql/", "world/environment.py")
"""Not compiled: nested functions that mypyc 2.4 can't translate, and a SimPy environment, from whose class it can't

derive."""

FROM_BENCH = ("bench/audited_replica.py", "bench/closed_form.py")
"""All that is compiled of `bench`: classes derived from the world's."""

_SETUP = """
import sys
from mypyc.build import mypycify
from setuptools import setup
extensions = mypycify(sys.argv[1:], opt_level="2", debug_level="0", multi_file=True, group_name="incidentsim")
for extension in extensions:
    if "-fwrapv" not in extension.extra_compile_args:  # they share one list of arguments
        extension.extra_compile_args.append("-fwrapv")  # native integers wrap (`exact._mixed`), which C leaves open
setup(name="incidentsim-fast", packages=[], py_modules=[], ext_modules=extensions,
      script_args=["--quiet", "build_ext", "--inplace", f"-j{len(__import__('os').sched_getaffinity(0))}"])
"""


def modules() -> list[str]:
    """Return the files that are compiled, relative to the package, sorted."""
    found = {*FROM_BENCH}
    for name in COMPILED:
        entry = PACKAGE / name
        if name != "bench":
            paths = entry.rglob("*.py") if entry.is_dir() else [entry]
            found |= {path.relative_to(PACKAGE).as_posix() for path in paths if path.name != "__init__.py"}
    return sorted(name for name in found if not name.startswith(INTERPRETED))


def compiler() -> str | None:
    """Return the path of the C compiler that Python would use, None where there is none."""
    return shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0]) or shutil.which("cc")


def build() -> Path:
    """Compile, and return where the build lies. Raises CalledProcessError when the compiler fails."""
    final = build_path()
    work = BUILDS / f".{os.getpid()}"
    shutil.rmtree(work, ignore_errors=True)
    tree = work / PACKAGE.name
    shutil.copytree(PACKAGE, tree, ignore=shutil.ignore_patterns("__pycache__"))
    names = [f"{PACKAGE.name}/{name}" for name in modules()]
    environment = {**os.environ, "PYTHONPATH": "", "CC": compiler() or "cc"}
    subprocess.run([sys.executable, "-c", _SETUP, *names], cwd=work, check=True, env=environment)
    for entry in tree.iterdir():
        kept = entry.name in COMPILED or entry.name.startswith("exact.")
        if not kept:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    shutil.rmtree(work / "build", ignore_errors=True)
    for old in BUILDS.glob(f"{final.name.rpartition('-')[0]}-*"):
        shutil.rmtree(old)
    work.rename(final)
    return final


def main() -> int:
    """Build unless the build is there already; `--check` only says whether it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="build nothing; exit 1 when there is no current build")
    parser.add_argument("--if-possible", action="store_true", help="no error where there is no C compiler")
    args = parser.parse_args()
    final = build_path()
    if final.is_dir():
        print(f"current: {final.relative_to(PACKAGE.parent)}")
        return 0
    if args.check:
        print("no build of these sources; `make fast` makes one", file=sys.stderr)
        return 1
    if compiler() is None or not Path(sysconfig.get_path("include"), "Python.h").is_file():
        print("compiling needs a C compiler (gcc or clang) and Python's headers (python3-dev): install them, or run "
              "the world as it is, which only takes longer", file=sys.stderr)  # fmt: skip
        return 0 if args.if_possible else 2
    print(f"compiling {len(modules())} modules; this takes a few minutes", file=sys.stderr)
    print(build().relative_to(PACKAGE.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
