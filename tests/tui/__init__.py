"""Tests of the terminal, with a synthetic session in place of the world."""
