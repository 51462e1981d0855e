"""Proofs by running."""
