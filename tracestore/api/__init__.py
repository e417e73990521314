"""The HTTP surface: OTLP/HTTP in, Tempo's API out."""
