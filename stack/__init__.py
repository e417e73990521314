"""The embedded stack: finds the tools, starts the services, drives work and shows what happens."""
