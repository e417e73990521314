"""Runs of the benchmarks: result files, the page and plots made of them, and comparisons."""
