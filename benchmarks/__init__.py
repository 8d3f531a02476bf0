"""The benchmarks: one module per table."""
