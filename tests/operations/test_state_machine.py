"""A repository agrees with a model in plain Python after every push, deletion, archiving and listing."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fakeecr import FakeECR
from tests.answers import identifiers
from tests.conftest import unchecked
from tests.invariants import check_invariants, check_rows
from tests.manifests import digest_of, image, index
from tests.operations.helpers import put_image

pytestmark = pytest.mark.newest_model("imageStatus")

IMAGES = [image(str(n)) for n in range(4)]
LISTS = [index(IMAGES[0], IMAGES[1]), index(IMAGES[1])]
# Digest of a list → digests of the images in it.
CHILDREN = {
    digest_of(LISTS[0]): {digest_of(IMAGES[0]), digest_of(IMAGES[1])},
    digest_of(LISTS[1]): {digest_of(IMAGES[1])},
}
MANIFESTS = IMAGES + LISTS
TAGS = ["a", "b", "dev-1", "dev-2"]
IMMUTABLE = {"a", "b"}  # the tags dev-* are excluded


class Repository(RuleBasedStateMachine):
    """The model: the tags of each image, oldest image first, and which images are archived."""

    def __init__(self):
        super().__init__()
        self.ecr = FakeECR()
        self.client = unchecked(self.ecr)
        self.client.create_repository(
            repositoryName="web",
            imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
        )
        self.tags: dict[str, set[str]] = {}
        self.archived: set[str] = set()

    def teardown(self):
        check_invariants(self.ecr)
        self.ecr.stop()

    def holder(self, tag):
        """Return the digest of the image that has a tag, or None."""
        return next((digest for digest, tags in self.tags.items() if tag in tags), None)

    def parents(self, digest):
        """Return the digests of the lists that have an image."""
        return [parent for parent in self.tags if digest in CHILDREN.get(parent, ())]

    def expected_error(self, manifest, tag):
        """Return the code of the error that a push must meet, or None."""
        digest, holder = digest_of(manifest), self.holder(tag)
        if digest not in self.tags and not CHILDREN.get(digest, set()) <= self.tags.keys():
            return "ReferencedImagesNotFoundException"
        if digest in self.tags and digest not in self.archived and (tag is None or holder == digest):
            return "ImageAlreadyExistsException"
        if holder not in (None, digest) and tag in IMMUTABLE:
            return "ImageTagAlreadyExistsException"
        return None

    @rule(manifest=st.sampled_from(MANIFESTS), tag=st.none() | st.sampled_from(TAGS))
    def push(self, manifest, tag):
        digest, holder, expected_error = digest_of(manifest), self.holder(tag), self.expected_error(manifest, tag)

        error_code = None
        try:
            put_image(self.client, manifest, tag)
        except ClientError as error:
            error_code = error.response["Error"]["Code"]

        assert error_code == expected_error
        if expected_error is None:
            self.archived.discard(digest)
            self.tags.setdefault(digest, set())
            if tag is not None:
                if holder is not None:
                    self.tags[holder].discard(tag)
                self.tags[digest].add(tag)

    @rule(
        image_ids=st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "imageDigest": st.sampled_from([digest_of(manifest) for manifest in MANIFESTS]),
                    "imageTag": st.sampled_from(TAGS),
                },
            ),
            min_size=1,
            max_size=6,
        )
    )
    def delete(self, image_ids):
        holders = {tag: self.holder(tag) for tag in TAGS}
        existing = set(self.tags)
        referenced = {digest for digest in existing if self.parents(digest)}
        deleted, failed = set(), []
        for image_id in [image_id for n, image_id in enumerate(image_ids) if image_id not in image_ids[:n]]:
            digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
            match = digest if tag is None else holders[tag]
            if match not in existing or digest not in (None, match):
                failed.append(image_id)
            elif match not in self.tags or (tag is not None and tag not in self.tags[match]):
                pass  # deleted by an id before this one
            elif tag is not None and len(self.tags[match]) > 1:
                self.tags[match].remove(tag)
                deleted.add((match, tag))
            elif match in referenced:
                failed.append(image_id)
            else:
                deleted |= {(match, image_tag) for image_tag in self.tags.pop(match) or {None}}
                self.archived.discard(match)

        response = self.client.batch_delete_image(repositoryName="web", imageIds=image_ids)

        assert set(identifiers(response)) == deleted
        assert len(identifiers(response)) == len(deleted)
        assert [failure["imageId"] for failure in response["failures"]] == failed

    @precondition(lambda self: self.tags)
    @rule(data=st.data(), storage_class=st.sampled_from(["ARCHIVE", "STANDARD"]))
    def update_storage_class(self, data, storage_class):
        digest = data.draw(st.sampled_from(sorted(self.tags)))
        request = {
            "repositoryName": "web",
            "imageId": {"imageDigest": digest},
            "targetStorageClass": storage_class,
        }
        if (digest in self.archived) is (storage_class == "ARCHIVE"):
            with pytest.raises(self.client.exceptions.ImageStorageClassUpdateNotSupportedException):
                self.client.update_image_storage_class(**request)
            return
        self.client.update_image_storage_class(**request)
        (self.archived.add if storage_class == "ARCHIVE" else self.archived.discard)(digest)

    @rule(
        size=st.integers(1, 5),
        tag_status=st.sampled_from(["TAGGED", "UNTAGGED", "ANY"]),
        image_status=st.sampled_from(["ACTIVE", "ARCHIVED", "ANY"]),
    )
    def list_and_describe(self, size, tag_status, image_status):
        parameters = {
            "repositoryName": "web",
            "filter": {"tagStatus": tag_status, "imageStatus": image_status},
            "PaginationConfig": {"PageSize": size},
        }
        expected = {
            digest: tags
            for digest, tags in self.tags.items()
            if tag_status in ("ANY", "TAGGED" if tags else "UNTAGGED")
            and image_status in ("ANY", "ARCHIVED" if digest in self.archived else "ACTIVE")
        }

        listed = [
            identifier
            for page in self.client.get_paginator("list_images").paginate(**parameters)
            for identifier in identifiers(page)
        ]
        described = [
            details
            for page in self.client.get_paginator("describe_images").paginate(**parameters)
            for details in page["imageDetails"]
        ]

        assert sorted(listed, key=str) == sorted(
            [(digest, tag) for digest, tags in expected.items() for tag in tags or {None}], key=str
        )
        # Oldest first, in the model as in the responses.
        assert [(details["imageDigest"], set(details.get("imageTags", ()))) for details in described] == list(
            expected.items()
        )
        assert {details["imageDigest"] for details in described if details["imageStatus"] == "ARCHIVED"} == (
            self.archived & expected.keys()
        )

    @invariant()
    def active_images_can_be_pulled(self):
        image_ids = [{"imageTag": tag} for tag in TAGS]
        holders = {tag: self.holder(tag) for tag in TAGS}

        response = self.client.batch_get_image(repositoryName="web", imageIds=image_ids)

        pulled = {pull["imageId"]["imageTag"]: digest_of(pull["imageManifest"]) for pull in response["images"]}
        assert pulled == {tag: digest for tag, digest in holders.items() if digest and digest not in self.archived}
        assert {failure["imageId"]["imageTag"]: failure["failureCode"] for failure in response["failures"]} == {
            tag: "ImageInaccessible" if digest else "ImageNotFound"
            for tag, digest in holders.items()
            if tag not in pulled
        }

    @invariant()
    def the_database_is_sound(self):
        check_rows(self.ecr)


TestRepository = Repository.TestCase
TestRepository.settings = settings(max_examples=40, stateful_step_count=30)
