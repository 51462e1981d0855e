"""The data platform: stream, jobs with contracts, feature store, and the classic model that lives on it."""
