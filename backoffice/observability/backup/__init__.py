"""Copies of everything that cannot be made again: the database and the uploaded files, in one archive.

`archive.create(path)` may run at any time, under any load. `archive.restore(path)` loads rows through the database and
not through models, so ledgers stay what they were; it refuses to overwrite a database that somebody works in.
"""
