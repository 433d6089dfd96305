"""A small project with a protected view, which the tests serve while its database hangs."""
