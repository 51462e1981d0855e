"""What `--seeds` of a benchmark takes: one seed such as 7, or a range such as 1..20, both ends included."""

from __future__ import annotations

import argparse


def seeds(text: str) -> range:
    """Return the seeds that a text means. Raises ArgumentTypeError, which argparse prints."""
    first, dots, last = text.partition("..")
    try:
        found = range(int(first), int(last if dots else first) + 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a seed such as 7 nor a range such as 1..20") from None
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} holds no seed; the second number is the larger one")
    return found
