"""What stands on the event queue: a callback that is handed itself.

Apart from the kernel, since the kernel is a SimPy environment and can't be compiled (`tools.compile_world`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Call:
    """A callback on the queue: `function` is called with the Call itself; `argument` is what it was given.

    It is filled in after it is made: a class with a constructor takes Python twice as long to make.
    """

    __slots__ = ("argument", "function")

    argument: Any
    function: Callable[[Call], None]


def call_to(function: Callable[[Call], None], argument: Any = None) -> Call:
    """Return a Call that is not on the queue: for who keeps one for many events."""
    call = Call()
    call.function = function
    call.argument = argument
    return call
