"""What the bridge needs at the scale of real companies, on a virtual clock: ``python -m benchmarks.bench``."""
