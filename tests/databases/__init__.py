"""Many processes at one key store: `crew.py` is the captain's side, `worker.py` the hands'."""
