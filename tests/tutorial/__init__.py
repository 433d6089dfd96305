"""The tutorial and the README: each is followed to the letter, from an empty folder.

`steps.py` reads a page, `readers.py` does what it says, `terminals.py` types its commands, and
`forms.py` is a browser without scripts.
"""
