"""Alertmanager's configuration and message templates, rendered for a place."""
