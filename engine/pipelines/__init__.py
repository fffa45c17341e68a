"""One readable file per model family, each behind the `Pipeline` Protocol of `interface.py`."""
