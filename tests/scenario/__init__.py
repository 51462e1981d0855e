"""Tests of `incidentsim.scenario`."""
