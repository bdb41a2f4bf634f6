"""How calls reach a fake: one adapter per client library, which turns its requests into those of `fakeecr.http`."""
