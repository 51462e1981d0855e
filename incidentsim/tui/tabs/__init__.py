"""One tab of the live screen a file. Each has `sync(feed)`, called by the one ticker while it is in front."""
