"""OTLP/HTTP: request bodies, within bounds, and the answers the protocol asks for."""
