"""Dashboards for Grafana and the console, generated from the metrics."""
