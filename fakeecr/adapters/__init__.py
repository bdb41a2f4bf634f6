"""How calls reach a fake: one adapter for each client library, which turns its requests into `fakeecr.http` ones."""
