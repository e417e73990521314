"""Alerts by topic; each module has `group(clock)`."""
