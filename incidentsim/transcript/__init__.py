"""The record of one session: JSON Lines with a hash chain, its recovery, and questions about it.

Written by the session's recorder; read by replay, scoring and reports. Knows nothing of the world.
"""
