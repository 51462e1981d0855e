"""Pools of replicas: routing, life cycle of pods, revisions, rollouts, autoscaling, and the platform they need."""
