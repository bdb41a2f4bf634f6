"""Pushes, moves, deletions, archives and listings agree with a model in plain Python after every step."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fakeecr import FakeECR
from tests.answers import identifiers
from tests.conftest import unchecked
from tests.invariants import check_invariants
from tests.manifests import digest_of, image, index

IMAGES = [image(str(n)) for n in range(4)]
LISTS = [index(IMAGES[0], IMAGES[1]), index(IMAGES[1])]
CHILDREN = {digest_of(LISTS[0]): IMAGES[:2], digest_of(LISTS[1]): IMAGES[1:2]}
CHILDREN = {parent: {digest_of(child) for child in children} for parent, children in CHILDREN.items()}
MANIFESTS = IMAGES + LISTS
TAGS = ["a", "b", "dev-1", "dev-2"]
IMMUTABLE = {"a", "b"}  # in the repository whose tags dev-* are excepted


class Registry(RuleBasedStateMachine):
    """The model: what each image's tags and status are, oldest first, and who has which tag."""

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
        self.ecr.stop()

    def holder(self, tag):
        return next((digest for digest, tags in self.tags.items() if tag in tags), None)

    def parents(self, digest):
        return [parent for parent in self.tags if digest in CHILDREN.get(parent, ())]

    @rule(manifest=st.sampled_from(MANIFESTS), tag=st.none() | st.sampled_from(TAGS))
    def push(self, manifest, tag):
        digest, holder = digest_of(manifest), self.holder(tag)
        expected = None
        if digest not in self.tags and not CHILDREN.get(digest, set()) <= self.tags.keys():
            expected = "ReferencedImagesNotFoundException"
        elif digest in self.tags and digest not in self.archived and (tag is None or holder == digest):
            expected = "ImageAlreadyExistsException"
        elif holder not in (None, digest) and tag in IMMUTABLE:
            expected = "ImageTagAlreadyExistsException"
        found = None
        try:
            self.client.put_image(
                repositoryName="web", imageManifest=manifest, **({"imageTag": tag} if tag is not None else {})
            )
        except ClientError as error:
            found = error.response["Error"]["Code"]
        assert found == expected
        if expected is None:
            self.archived.discard(digest)
            self.tags.setdefault(digest, set())
            if tag is not None:
                if holder is not None:
                    self.tags[holder].discard(tag)
                self.tags[digest].add(tag)

    @rule(
        ids=st.lists(
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
    def delete(self, ids):
        before = {digest: set(tags) for digest, tags in self.tags.items()}
        held = {digest for digest in before if self.parents(digest)}
        deleted, failed = set(), []
        for image_id in [each for n, each in enumerate(ids) if each not in ids[:n]]:
            digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
            found = digest if tag is None else next((d for d, tags in before.items() if tag in tags), None)
            if found not in before or digest not in (None, found):
                failed.append(image_id)
            elif found not in self.tags or (tag is not None and tag not in self.tags[found]):
                pass  # gone by an id before
            elif tag is not None and len(self.tags[found]) > 1:
                self.tags[found].remove(tag)
                deleted.add((found, tag))
            elif found in held:
                failed.append(image_id)
            else:
                deleted |= {(found, each) for each in self.tags.pop(found) or {None}}
                self.archived.discard(found)
        response = self.client.batch_delete_image(repositoryName="web", imageIds=ids)
        assert set(identifiers(response)) == deleted
        assert len(identifiers(response)) == len(deleted)
        assert [each["imageId"] for each in response["failures"]] == failed

    @precondition(lambda self: self.tags)
    @rule(data=st.data(), target_class=st.sampled_from(["ARCHIVE", "STANDARD"]))
    def move(self, data, target_class):
        digest = data.draw(st.sampled_from(sorted(self.tags)))
        is_there = (digest in self.archived) is (target_class == "ARCHIVE")
        parameters = {"imageId": {"imageDigest": digest}, "targetStorageClass": target_class}
        if is_there:
            with pytest.raises(self.client.exceptions.ImageStorageClassUpdateNotSupportedException):
                self.client.update_image_storage_class(repositoryName="web", **parameters)
            return
        self.client.update_image_storage_class(repositoryName="web", **parameters)
        (self.archived.add if target_class == "ARCHIVE" else self.archived.discard)(digest)

    @rule(
        size=st.integers(1, 5),
        tagged=st.sampled_from(["TAGGED", "UNTAGGED", "ANY"]),
        status=st.sampled_from(["ACTIVE", "ARCHIVED", "ANY"]),
    )
    def list_and_describe(self, size, tagged, status):
        parameters = {
            "repositoryName": "web",
            "filter": {"tagStatus": tagged, "imageStatus": status},
            "PaginationConfig": {"PageSize": size},
        }
        shown = {
            digest: tags
            for digest, tags in self.tags.items()
            if tagged in ("ANY", "TAGGED" if tags else "UNTAGGED")
            and status in ("ANY", "ARCHIVED" if digest in self.archived else "ACTIVE")
        }
        listed = [
            each
            for page in self.client.get_paginator("list_images").paginate(**parameters)
            for each in identifiers(page)
        ]
        assert sorted(listed, key=str) == sorted(
            [(digest, tag) for digest, tags in shown.items() for tag in tags or {None}], key=str
        )
        described = [
            each
            for page in self.client.get_paginator("describe_images").paginate(**parameters)
            for each in page["imageDetails"]
        ]
        # Oldest first, in both.
        assert [(each["imageDigest"], set(each.get("imageTags", ()))) for each in described] == list(shown.items())
        assert {each["imageDigest"] for each in described if each["imageStatus"] == "ARCHIVED"} == (
            self.archived & shown.keys()
        )

    @invariant()
    def pulls_what_is_active(self):
        ids = [{"imageTag": tag} for tag in TAGS]
        response = self.client.batch_get_image(repositoryName="web", imageIds=ids)
        pulled = {each["imageId"]["imageTag"]: digest_of(each["imageManifest"]) for each in response["images"]}
        holders = {tag: self.holder(tag) for tag in TAGS}
        assert pulled == {tag: digest for tag, digest in holders.items() if digest and digest not in self.archived}
        assert {each["imageId"]["imageTag"]: each["failureCode"] for each in response["failures"]} == {
            tag: "ImageInaccessible" if digest else "ImageNotFound"
            for tag, digest in holders.items()
            if tag not in pulled
        }

    @invariant()
    def the_database_is_sound(self):
        check_invariants(self.ecr)


TestRegistry = Registry.TestCase
TestRegistry.settings = settings(max_examples=40, stateful_step_count=30)
