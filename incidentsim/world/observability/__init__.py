"""Monitoring as a layer of its own over the true state: scrapes, what distorts them, log shipping, alert rules.

`plane` is the component; `lies` is what stands between instruments and scrapes; `shipping` is the log collector.
"""
