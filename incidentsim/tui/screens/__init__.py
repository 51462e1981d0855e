"""One screen a file: home, briefing, live, debrief, help, quit."""
