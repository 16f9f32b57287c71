"""CloudTrail: which event a record becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.importers import Problem, cloudtrail

RECORD: dict[str, Any] = {
    "eventVersion": "1.08",
    "userIdentity": {
        "type": "IAMUser", "principalId": "AIDA", "userName": "ann",
        "arn": "arn:aws:iam::1:user/ann", "accountId": "1", "accessKeyId": "AKIA1",
    },
    "eventTime": "2023-07-10T11:55:23Z", "eventSource": "s3.amazonaws.com",
    "eventName": "GetBucketAcl", "awsRegion": "us-east-1",
    "sourceIPAddress": "203.0.113.9", "userAgent": "aws-cli/2",
    "requestParameters": {"bucketName": "b"}, "responseElements": None,
    "requestID": "R1", "eventID": "895DC875-cb08-45a5-b8c2-9158838741c0",
    "readOnly": True, "eventType": "AwsApiCall",
}  # fmt: skip


def event_of(**changes: Any) -> dict[str, Any]:
    event = cloudtrail.event_of(RECORD | changes)
    assert isinstance(event, dict)
    return event


def test_an_iam_user_is_the_actor() -> None:
    event = event_of()
    assert event["actor"] == {
        "type": "user", "userId": "arn:aws:iam::1:user/ann", "name": "ann",
        "ipAddress": "203.0.113.9", "userAgent": "aws-cli/2",
    }  # fmt: skip
    assert event["eventId"] == "895dc875-cb08-45a5-b8c2-9158838741c0"
    assert event["timestamp"] == "2023-07-10T11:55:23Z"
    assert event["action"] == "aws.s3.GetBucketAcl"
    assert event["resource"] == {"type": "aws.s3.bucket", "id": "b"}
    assert event["context"] == {"requestId": "R1"}
    assert event["result"] == "success"


@pytest.mark.parametrize(
    ("identity", "actor"),
    [
        (
            {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/R/bob"},
            {"type": "user", "name": "bob", "role": "R"},
        ),
        (
            {
                "type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/R/i-1",
                "sessionContext": {
                    "ec2RoleDelivery": "2.0", "sessionIssuer": {"userName": "Q"},
                },
            },
            {"type": "service", "name": "i-1", "role": "Q"},
        ),
        (
            {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
            {"type": "service", "userId": "ec2.amazonaws.com"},
        ),
        (
            {"accountId": "1", "invokedBy": "ec2.amazonaws.com"},
            {"type": "service", "userId": "ec2.amazonaws.com"},
        ),
        ({"accountId": "1"}, {"type": "service", "userId": "s3.amazonaws.com"}),
        (
            {"type": "Root", "arn": "arn:aws:iam::1:root", "accountId": "1"},
            {"type": "user", "userId": "arn:aws:iam::1:root", "role": "root"},
        ),
        (
            {"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL"},
            {"type": "anonymous", "userId": "ANONYMOUS_PRINCIPAL"},
        ),
        ({"type": "AWSAccount", "principalId": "AIDA2"}, {"userId": "AIDA2"}),
        (None, {"type": "service", "userId": "s3.amazonaws.com"}),
    ],
)  # fmt: skip
def test_each_kind_of_identity_has_its_actor(
    identity: dict[str, Any] | None, actor: dict[str, str]
) -> None:
    found = event_of(userIdentity=identity)["actor"]
    assert found | actor == found
    assert ("type" in found) == ("type" in actor)


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"errorCode": "AccessDeniedException"}, "denied"),
        ({"errorCode": "Client.UnauthorizedOperation"}, "denied"),
        ({"errorCode": "NoSuchBucket"}, "failure"),
        ({"errorMessage": "Failed authentication"}, "failure"),
        (
            {
                "eventName": "ConsoleLogin",
                "responseElements": {"ConsoleLogin": "Failure"},
            },
            "failure",
        ),
        (
            {
                "eventName": "ConsoleLogin",
                "responseElements": {"ConsoleLogin": "Success"},
            },
            "success",
        ),
        ({"errorCode": ""}, "success"),
    ],
)
def test_each_outcome_has_its_result(changes: dict[str, Any], result: str) -> None:
    assert event_of(**changes)["result"] == result


@pytest.mark.parametrize(
    ("changes", "resource"),
    [
        (
            {"resources": [{"type": "AWS::KMS::Key", "ARN": "arn:aws:kms:e:1:key/k"}]},
            {"type": "aws.kms.key", "id": "arn:aws:kms:e:1:key/k", "name": "k"},
        ),
        (
            {"resources": [{"ARN": "arn:aws:s3:::b/a/k"}]},
            {"type": "aws.s3.object", "id": "arn:aws:s3:::b/a/k", "name": "k"},
        ),
        (
            {
                "eventSource": "ec2.amazonaws.com",
                "requestParameters": {"set": {"items": [{"instanceId": "i-1"}]}},
            },
            {"type": "aws.ec2.instance", "id": "i-1"},
        ),
        (
            {
                "eventSource": "ec2.amazonaws.com", "eventName": "CreateSubnet",
                "requestParameters": {"vpcId": "vpc-1"},
                "responseElements": {"subnet": {"subnetId": "subnet-1"}},
            },
            {"type": "aws.ec2.subnet", "id": "subnet-1"},
        ),
        (
            {
                "eventSource": "new.amazonaws.com",
                "requestParameters": {"x": 1, "thingArn": "arn:aws:new:e:1:thing/t"},
            },
            {"type": "aws.new.thing", "id": "arn:aws:new:e:1:thing/t", "name": "t"},
        ),
        ({"requestParameters": None}, {"type": "aws.s3", "id": "s3"}),
        (
            {"requestParameters": {"bucketName": "b" * 2000}},
            {"type": "aws.s3", "id": "s3"},
        ),
    ],
)  # fmt: skip
def test_the_resource_is_what_it_was_done_to(
    changes: dict[str, Any], resource: dict[str, str]
) -> None:
    assert event_of(**changes)["resource"] == resource


def test_secrets_of_other_records_go_too() -> None:
    secret = "Zx9-canary_7Qp"
    event = event_of(
        userAgent=f"tool/1 (--password {secret})",
        requestParameters={
            "masterUserPassword": secret, "clientRequestToken": "keep-1",
            "secretString": secret, "userData": secret, "secretId": "keep-2",
            "tags": [{"key": "db-password", "value": secret}],
        },
        responseElements={
            "credentials": {
                "accessKeyId": "keep-3", "secretAccessKey": secret,
                "sessionToken": secret, "expiration": "keep-4",
            },
            "accessKey": {"accessKeyId": "keep-5", "secretAccessKey": secret},
            "keyMaterial": secret, "plaintext": secret,
        },
    )  # fmt: skip
    text = json.dumps(event)
    assert secret not in text
    assert all(f"keep-{number}" in text for number in range(1, 6))
    assert len(event["details"]["redacted"]) == 10


def test_keys_that_begin_with_a_dollar_stay_as_they_are() -> None:
    event = event_of(requestParameters={"$x": {"$number": "no"}})
    assert event["details"]["requestParameters"] == {"$x": {"$number": "no"}}


def test_an_original_time_with_an_offset_is_kept() -> None:
    event = event_of(eventTime="2023-07-10T13:55:23+02:00")
    assert event["timestamp"] == "2023-07-10T11:55:23Z"
    assert event["details"]["eventTime"] == "2023-07-10T13:55:23+02:00"


def test_an_odd_name_becomes_an_action() -> None:
    event = event_of(eventSource="a.b.amazonaws.com.cn", eventName="Get Ü/x")
    assert event["action"] == "aws.a-b.Get_x"
    assert event["details"]["eventName"] == "Get Ü/x"


@pytest.mark.parametrize(
    "changes",
    [
        {"eventTime": None}, {"eventID": "x"}, {"eventName": ""}, {"eventSource": 5},
        {"eventTime": "yesterday"}, {"eventTime": "2023-02-30T00:00:00Z"},
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_mapped_says_why(changes: dict[str, Any]) -> None:
    found = cloudtrail.event_of(RECORD | changes)
    assert isinstance(found, Problem)
    assert found.reason


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(sorted(RECORD)), values, max_size=6)
    | st.dictionaries(st.text(max_size=8), values, max_size=4)
)
def test_no_record_raises(changes: dict[str, Any]) -> None:
    found = cloudtrail.event_of(RECORD | changes)
    assert isinstance(found, dict | Problem)
