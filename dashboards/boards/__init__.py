"""One module per board; each has `dashboard()`."""
