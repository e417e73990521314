"""TraceQL: text to a tree, a tree to SQL with bound parameters."""
