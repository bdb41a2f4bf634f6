"""The speed of fakeecr: `python -m tests.benchmarks` prints one table of ratios."""
