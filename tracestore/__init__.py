"""The embedded trace store: OTLP/HTTP in, SQLite, TraceQL, Tempo's HTTP API out.

Nothing but the URL changes when Tempo takes over. Start it with `python -m tracestore`.
"""
