"""What the product costs: `make benchmark` prints the table of docs/performance.md. Timings are no tests."""
