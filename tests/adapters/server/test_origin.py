"""The account and the region of a request, from its signature and its host."""

from __future__ import annotations

import pytest

from fakeecr.adapters.server.origin import origin_of


def scope(key: str, region: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential={key}/20150830/{region}/ecr/aws4_request, SignedHeaders=host, Signature=1"


@pytest.mark.parametrize(
    ("authorization", "host", "origin"),
    [
        pytest.param("", "", (None, None, False), id="nothing"),
        pytest.param("AUTHPARAMS", "127.0.0.1:4510", (None, None, False), id="nothing that names one"),
        pytest.param(scope("AKID", "eu-west-1"), "localhost:4510", (None, "eu-west-1", False), id="scope"),
        pytest.param(scope("210987654321", "eu-west-1"), "", ("210987654321", "eu-west-1", False), id="key of 12 digits"),
        pytest.param(scope("AKID", "../etc"), "", (None, None, False), id="scope that is not one"),
        pytest.param("", "api.ecr.eu-west-1.amazonaws.com", (None, "eu-west-1", True), id="host of the API"),
        pytest.param("", "ecr.us-gov-west-1.amazonaws.com", (None, "us-gov-west-1", True), id="older host"),
        pytest.param("", "ecr-fips.us-east-1.amazonaws.com", (None, "us-east-1", True), id="FIPS host"),
        pytest.param("", "ecr.eu-central-1.api.aws", (None, "eu-central-1", True), id="dual-stack host"),
        pytest.param(
            "", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
            ("123456789012", "cn-north-1", True), id="registry in China",
        ),
        pytest.param(
            "", "210987654321.dkr.ecr.us-west-2.localhost:4510", ("210987654321", "us-west-2", False), id="local name",
        ),
        pytest.param(
            "", "210987654321.DKR.ecr.us-west-2.LOCALHOST", ("210987654321", "us-west-2", False), id="upper case",
        ),
        pytest.param(
            scope("111111111111", "eu-west-1"), "210987654321.dkr.ecr.us-west-2.localhost",
            ("210987654321", "eu-west-1", False), id="both",
        ),
        pytest.param("", "12345.dkr.ecr.us-west-2.localhost", (None, None, False), id="account of 5 digits"),
    ],
)  # fmt: skip
def test_a_request_is_for_the_account_and_region_that_it_names(authorization, host, origin):
    assert origin_of(authorization, host) == origin


def test_a_request_by_a_registrys_host_is_for_that_registry(ecr, call):
    answer = call("CreateRepository", {"repositoryName": "web"}, Host="210987654321.dkr.ecr.us-west-2.localhost:1")

    repository = answer.json["repository"]
    assert repository["registryId"] == "210987654321"
    assert repository["repositoryUri"] == "210987654321.dkr.ecr.us-west-2.amazonaws.com/web"
    recorded = ecr.calls[-1]
    assert (recorded.registry_id, recorded.region) == ("210987654321", "us-west-2")
    assert recorded.principal == "arn:aws:iam::210987654321:root"


def test_a_request_that_names_a_registry_is_for_that_one(ecr, call):
    ecr.push("web", registry_id="333333333333")

    answer = call(
        "DescribeRepositories", {"registryId": "333333333333"}, Authorization=scope("444444444444", "us-east-1")
    )

    assert [repository["registryId"] for repository in answer.json["repositories"]] == ["333333333333"]


def test_a_fault_for_a_registry_meets_the_requests_of_its_host(ecr, call):
    ecr.fail("DescribeRepositories", "ServerException", registryId="210987654321")

    assert call("DescribeRepositories", {}).status == 200
    assert call("DescribeRepositories", {}, Host="210987654321.dkr.ecr.us-west-2.localhost").status == 500
