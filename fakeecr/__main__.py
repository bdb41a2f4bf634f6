"""`python -m fakeecr`: the command line."""

from fakeecr.cli import main

if __name__ == "__main__":
    main()
