"""Internal: what this project says about one token, rule by rule, and the tokens it signs."""
