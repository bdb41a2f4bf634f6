"""The credentials of clients that have none of their own; calls to a fake are not signed, or not checked."""

from __future__ import annotations

# botocore creates no client without credentials.
DUMMY_CREDENTIALS = {"aws_access_key_id": "fakeecr", "aws_secret_access_key": "fakeecr"}
