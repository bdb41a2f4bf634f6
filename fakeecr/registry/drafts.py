"""Images as a test author describes them, in a push or a seed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fakeecr.rules.manifests import NO_CONTENTS, Contents, digest_of, parse_leniently
from fakeecr.store.images import NewImage


class MismatchError(ValueError):
    """Two parts of a description contradict each other; `argument` names the one that is wrong."""

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(problem)
        self.argument = argument


def draft_image(
    pushed_at: datetime,
    *,
    digest: str | None = None,
    manifest: bytes | None = None,
    media_type: str | None = None,
    size: int | None = None,
    platforms: Sequence[str] = (),
) -> NewImage:
    """Build an image from its description; if it is to be made up, its digest is still empty.

    Args:
        pushed_at: when it was pushed.
        digest: its digest; by default its manifest's.
        manifest: the exact bytes of its manifest, which may be invalid.
        media_type: its media type, if its manifest names none or only its digest is known.
        size: its size in bytes; by default what its manifest says.
        platforms: the platforms of an index that is to be made up.

    Raises:
        MismatchError: two arguments contradict each other.
    """
    contents = NO_CONTENTS if media_type is None else Contents(media_type)
    if platforms and (manifest is not None or digest is not None):
        raise MismatchError(
            "platforms", "the index of platforms is made up, so it cannot be given a digest or manifest"
        )
    if manifest is not None:
        calculated = digest_of(manifest)
        if digest not in (None, calculated):
            raise MismatchError("digest", f"{digest} is not the manifest's digest, which is {calculated}")
        digest, contents = calculated, parse_leniently(manifest, media_type)
    if media_type is not None and digest is None:
        raise MismatchError("media_type", "it needs a manifest or a digest; a made-up manifest has its own media type")
    if media_type not in (None, contents.media_type):
        raise MismatchError("media_type", f"the manifest names another one, {contents.media_type}")
    if size is not None:
        contents = contents._replace(size=size)
    return NewImage(digest or "", pushed_at, manifest, contents=contents)
