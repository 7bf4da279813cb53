"""Speed and memory, measured on generated exports: `python -m tests.bench`."""
