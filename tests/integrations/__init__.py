"""The pages of `docs/integrations/`: each is followed to the letter, and what it made is asked.

`pages.py` reads a page, `projects.py` does what it says, `conftest.py` has the fixtures.
"""
