"""What the Python process itself tells: garbage collection, memory, a sampler thread."""
