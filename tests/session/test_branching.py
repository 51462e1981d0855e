"""Trees of forked processes: what comes back, who runs at once, and that nobody is left behind.

Each tree is grown by a fresh interpreter, as in use, since a test runner with threads must not be forked.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from incidentsim.session.branching import can_fork

pytestmark = pytest.mark.skipif(not can_fork(), reason="there is no os.fork here")

COMMON = """
import os, signal, sys
from functools import partial
from incidentsim.errors import CommandError, IncidentSimError
from incidentsim.session.branching import grow
"""


def run(program: str) -> str:
    """Return what a program prints."""
    done = subprocess.run([sys.executable, "-c", COMMON + program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_every_branch_reports_from_the_state_at_its_fork() -> None:
    """Branches of branches see what their parents had done by then, and large results come whole."""
    program = """
state = []
def leaf(branches, place):
    state.append(place)
    branches.report(place, (tuple(state), "x" * 5000))
def inner(branches, place):
    state.append(place)
    branches.fork(partial(leaf, branches, place + 1))
    state.append("later")
    leaf(branches, place + 2)
def root(branches):
    for place in (10, 20, 30):
        branches.fork(partial(inner, branches, place))
        state.append(f"root {place}")
    leaf(branches, 0)
for workers in (1, 2, 5):
    got = dict(grow(root, workers))
    assert all(text == "x" * 5000 for _, text in got.values())
    print(sorted((place, seen) for place, (seen, _) in got.items()))
print(state)
"""
    first, second, third, state = run(program).splitlines()
    assert first == second == third
    assert "(21, ('root 10', 20, 21))" in first
    assert "(32, ('root 10', 'root 20', 30, 'later', 32))" in first
    assert "(0, ('root 10', 'root 20', 'root 30', 0))" in first
    assert state == "[]"


def test_no_more_than_the_workers_run_at_once() -> None:
    """Of ten branches that each say when they begin and end, never more than two are under way."""
    program = """
log_in, log_out = os.pipe()
def leaf(branches, place):
    os.write(log_out, b"+")
    total = 0
    for i in range(20000):
        total += i
    os.write(log_out, b"-")
    branches.report(place, total)
def root(branches):
    for place in range(9):
        branches.fork(partial(leaf, branches, place))
    leaf(branches, 9)
assert len(list(grow(root, 2))) == 10
at_once = most = 0
for byte in os.read(log_in, 1000).decode():
    at_once += 1 if byte == "+" else -1
    most = max(most, at_once)
print(most <= 2, at_once)
"""
    assert run(program) == "True 0"


@pytest.mark.parametrize(
    ("failing", "expected"),
    [
        ("raise CommandError('not that one')", "CommandError not that one"),
        ("{}['missing']", "IncidentSimError KeyError: 'missing'"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "IncidentSimError a branch of the re-simulation was killed"),
        ("sys.exit(3)", "IncidentSimError a branch of the re-simulation was killed"),
    ],
)
def test_what_goes_wrong_in_a_branch_is_raised_by_the_caller(failing: str, expected: str) -> None:
    """An error, a bug and a kill in a branch of a branch all end the tree; no process of it is left."""
    program = f"""
def leaf(branches):
    {failing}
def inner(branches):
    branches.fork(partial(leaf, branches))
def root(branches):
    branches.fork(partial(inner, branches))
try:
    list(grow(root, 1))
except IncidentSimError as wrong:
    print(type(wrong).__name__, wrong)
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("no children")
"""
    said, left = run(program).splitlines()
    assert said.startswith(expected)
    assert left == "no children"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_when_the_conductor_ends_so_does_the_tree(number: signal.Signals) -> None:
    """Interrupted or killed, it leaves no branch behind: the pipe that all of them hold comes to its end."""
    program = (
        COMMON
        + """
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is born ignoring it
alive = int(sys.argv[1])
def wait_for_a_right(branches):
    branches.fork(partial(wait, branches))
def wait(branches):
    os.write(alive, b".")
    os.read(go_in, 1)
    branches.report(1, "it went on")
def root(branches):
    os.close(go_out)
    branches.fork(partial(wait_for_a_right, branches))
    wait(branches)
go_in, go_out = os.pipe()
try:
    list(grow(root, 2))
except KeyboardInterrupt:
    sys.exit(130)
"""
    )
    alive_in, alive_out = os.pipe()
    process = subprocess.Popen([sys.executable, "-c", program, str(alive_out)], pass_fds=(alive_out,))
    os.close(alive_out)
    assert os.read(alive_in, 1) == b"."
    assert os.read(alive_in, 1) == b"."
    process.send_signal(number)
    assert process.wait() in (130, -signal.SIGKILL)
    assert os.read(alive_in, 1) == b"", "somebody still holds the pipe"
    os.close(alive_in)


def test_what_the_parent_has_not_written_yet_is_written_once() -> None:
    """A branch ends without flushing buffers that it shares with its parent."""
    program = """
sys.stdout.write("once ")
def root(branches):
    branches.fork(lambda: branches.report(1, "a"))
    branches.report(0, "b")
print(sorted(grow(root, 1)))
"""
    assert run(program) == "once [(0, 'b'), (1, 'a')]"
