"""Real clients discover the example, which real servers serve; nothing here is a mock."""
