"""Tests of scoring, on an analytic toy world and scripted plays."""
