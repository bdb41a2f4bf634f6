"""What a user's type checker sees: mypy and basedpyright check these files, and nothing runs them.

A line with an `ignore` is a mistake that both must report: an `ignore` that one of them does not need is an error.
"""
