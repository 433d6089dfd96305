"""A site that uses every public name for endpoints and tokens; mypy checks it as its own would."""
