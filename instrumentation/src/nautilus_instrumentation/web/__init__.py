"""Integrations for web applications; each imports its host library when it is installed."""
