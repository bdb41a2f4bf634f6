"""Speed, measured: `python -m tests.benchmarks` prints one table of ratios, all from one run."""
