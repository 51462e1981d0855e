"""The gateway and what stands in it: limits, lanes, breakers, hedging, fallbacks, regions, certificates, bills."""
