"""One incident being played: pacing, recording, looking, thinking, resuming, replaying, re-simulating.

The only writer of a session's transcript, and beside `net` and `bench` the only package to read a wall clock.
"""
