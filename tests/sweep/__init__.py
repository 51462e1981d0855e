"""Sweeps: what is played next, what is kept, and that results are the same wherever they are made."""
