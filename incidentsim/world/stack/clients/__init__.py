"""Who sends requests: tenants, their clients, sessions, agents and waves."""
