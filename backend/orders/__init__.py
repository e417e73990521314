"""The orders of runs: taken from the engine, kept beside the result, answered as a table."""
