"""`make bench`: what the portal promises when many come at once, and what it costs, as ratios to the bare database."""
