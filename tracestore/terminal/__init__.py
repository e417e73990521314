"""`nautobs traces`, `trace`, `runs`, `slow`, `errors`: the trace store read from a terminal.

Works on the embedded store and on Tempo alike: everything goes through Tempo's HTTP API.
"""
