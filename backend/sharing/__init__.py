"""Sets of a sweep that run side by side in one engine, each as if it were alone."""
