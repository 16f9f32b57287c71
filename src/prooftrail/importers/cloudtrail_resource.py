"""Which AWS resource a CloudTrail record is about.

Guarantees: the record's own `resources` come first (the first with an ARN), then the
request parameter or, for what was created, the element of the response that names a
resource, and last the service itself: `resource.type` is always there and looks like
``aws.s3.bucket``. Nothing is taken out of the record: all of them stay in its
`details`.

Does not: turn a name into an ARN, whose path, account and partition would be guessed:
a role is found by the ARN or by the name, as AWS wrote it.

Source: AWS CloudTrail record contents; the Service Authorization Reference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ID = 1_000  # characters; an event's id is never cut
_MAX_DEPTH = 4  # levels of parameters that are looked at

# By service: which parameter names which type; the first that is there counts.
_PARAMETERS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "s3": (("bucketName", "bucket"), ("bucket", "bucket")),
    "iam": (
        ("instanceProfileName", "instance-profile"),
        ("roleName", "role"),
        ("userName", "user"),
        ("groupName", "group"),
        ("policyArn", "policy"),
        ("policyName", "policy"),
        ("serverCertificateName", "server-certificate"),
        ("sAMLProviderArn", "saml-provider"),
        ("serialNumber", "mfa"),
    ),
    "ec2": (
        ("instanceId", "instance"),
        ("volumeId", "volume"),
        ("snapshotId", "snapshot"),
        ("imageId", "image"),
        ("natGatewayId", "natgateway"),
        ("internetGatewayId", "internet-gateway"),
        ("routeTableId", "route-table"),
        ("networkAclId", "network-acl"),
        ("networkInterfaceId", "network-interface"),
        ("groupId", "security-group"),
        ("allocationId", "elastic-ip"),
        ("keyName", "key-pair"),
        ("launchTemplateId", "launch-template"),
        ("vpcEndpointId", "vpc-endpoint"),
        ("flowLogId", "vpc-flow-log"),
        ("subnetId", "subnet"),
        ("vpcId", "vpc"),
        ("associationId", "association"),
        ("attachmentId", "attachment"),
        ("resourceId", "resource"),
        ("groupName", "security-group"),
    ),
    "secretsmanager": (("secretId", "secret"), ("aRN", "secret"), ("name", "secret")),
    "ssm": (
        ("documentName", "document"),
        ("commandId", "command"),
        ("associationId", "association"),
        ("instanceId", "managed-instance"),
        ("resourceId", "resource"),
        ("name", "parameter"),
    ),
    "kms": (("keyId", "key"), ("aliasName", "alias")),
    "rds": (
        ("dBSnapshotIdentifier", "snapshot"),
        ("dBInstanceIdentifier", "db"),
        ("dBClusterSnapshotIdentifier", "cluster-snapshot"),
        ("dBClusterIdentifier", "cluster"),
        ("dBSubnetGroupName", "subgrp"),
        ("dBParameterGroupName", "pg"),
        ("resourceName", "resource"),
    ),
    "lambda": (("functionName", "function"), ("layerName", "layer")),
    "cloudtrail": (
        ("trailName", "trail"),
        ("name", "trail"),
        ("resourceIdList", "trail"),
        ("trailNameList", "trail"),
    ),
    "logs": (("logGroupName", "log-group"), ("logGroupNamePrefix", "log-group")),
    "sts": (("roleArn", "role"),),
    "rolesanywhere": (
        ("trustAnchorId", "trust-anchor"),
        ("profileId", "profile"),
        ("name", "resource"),
    ),
    "guardduty": (("detectorId", "detector"),),
    "route53": (("hostedZoneId", "hostedzone"),),
    "route53resolver": (("vpcId", "vpc"),),
    "dynamodb": (("tableName", "table"),),
    "sqs": (("queueUrl", "queue"), ("queueName", "queue")),
    "sns": (("topicArn", "topic"),),
    "ecr": (("repositoryName", "repository"),),
    "eks": (("clusterName", "cluster"), ("name", "cluster")),
    "ecs": (("service", "service"), ("cluster", "cluster")),
    "cloudformation": (("stackName", "stack"),),
    "autoscaling": (("autoScalingGroupName", "group"),),
    "elasticloadbalancing": (
        ("loadBalancerArn", "loadbalancer"),
        ("loadBalancerName", "loadbalancer"),
    ),
    "organizations": (("accountId", "account"), ("servicePrincipal", "service")),
    "account": (("regionName", "region"),),
}
# Types that live in another service than the one that was called.
_ELSEWHERE: Final = {
    ("sts", "role"): "aws.iam.role",
    ("ssm", "managed-instance"): "aws.ec2.instance",
    ("route53resolver", "vpc"): "aws.ec2.vpc",
}
_MAKES = re.compile(r"(?:Create|Run|Allocate|Register|Copy|Import|Put)(?=[A-Z])")
# What a search asks for is not what it is done to; tags name anything.
_SKIPPED: Final = frozenset(
    {"filterSet", "filters", "filter", "tags", "tagSet", "tagList", "tagsList"}
    | {"tagSpecificationSet", "tagSpecification", "tagging", "parameterFilters"}
)
_TYPE = re.compile(r"AWS::([A-Za-z0-9]+)::([A-Za-z0-9]+)")
_ARN = re.compile(
    r"arn:[a-z0-9-]+:([a-z0-9-]+):([a-z0-9-]*:[a-z0-9-]*):"
    r"(?:([A-Za-z0-9-]+)([:/]))?(.+)",
    re.DOTALL,
)
_NOT_KIND = re.compile(r"[^a-z0-9-]+")


def resource_of(record: dict[str, Any], service: str) -> dict[str, str]:
    """Return the event's `resource`.

    Args:
        record: a CloudTrail record.
        service: its service, such as ``s3``.
    """
    found = _listed(record.get("resources"))
    places = ["requestParameters", "responseElements"]
    if _MAKES.match(str(record.get("eventName"))):
        places.reverse()
    for place in (*places, "serviceEventDetails", "additionalEventData"):
        found = found or _named(record.get(place), service)
    return found or {"type": f"aws.{service}", "id": service}


def _listed(resources: object) -> dict[str, str] | None:
    for item in resources if isinstance(resources, list) else ():
        arn = item.get("ARN") if isinstance(item, dict) else None
        if isinstance(arn, str) and 0 < len(arn) <= MAX_ID:
            return _described(arn, _type_of(item.get("type")))
    return None


def _type_of(given: object) -> str | None:
    found = _TYPE.fullmatch(given) if isinstance(given, str) else None
    return f"aws.{found[1]}.{found[2]}".lower() if found else None


def _described(name: str, kind: str | None) -> dict[str, str]:
    """Return a resource by its ARN or its name.

    >>> _described("arn:aws:iam::1:role/a/b", None)
    {'type': 'aws.iam.role', 'id': 'arn:aws:iam::1:role/a/b', 'name': 'b'}
    """
    arn = _ARN.fullmatch(name)
    if arn is None:
        return {"type": kind or "aws", "id": name}
    service, owner, part, separator, rest = arn.groups()
    if service == "s3" and owner == ":":
        part = "object" if separator else "bucket"
    inferred = f"aws.{service}.{part.lower()}" if part else f"aws.{service}"
    if kind is None or kind.endswith(".resource"):
        kind = inferred
    return {"type": kind, "id": name, "name": rest.rsplit("/", 1)[-1] or rest}


def _named(part: object, service: str) -> dict[str, str] | None:
    """Return the resource that a parameter names."""
    found: dict[str, str] = {}
    for depth, key, text in _texts(part):
        if key != "name" or depth == 1:  # deeper, anything has a name
            found.setdefault(key, text)
    for key, kind in _PARAMETERS.get(service, ()):
        if key in found:
            if kind == "resource" and "resourceType" in found:
                kind = _NOT_KIND.sub("-", found["resourceType"].lower())  # noqa: PLW2901
            full = _ELSEWHERE.get((service, kind), f"aws.{service}.{kind}")
            return _described(found[key], full)
    for key, text in found.items():
        if key.endswith(("Arn", "ARN")) and _ARN.fullmatch(text):
            return _described(text, None)
    return None


def _texts(part: object) -> Iterator[tuple[int, str, str]]:
    """Walk parameters breadth first: depth, key in lower camel case, text."""
    level: list[tuple[str, Any]] = [("", part)]
    for depth in range(1, _MAX_DEPTH + 1):
        below: list[tuple[str, Any]] = []
        for outer, value in level:
            items = value.items() if isinstance(value, dict) else ()
            for name, item in items:
                key = name[:1].lower() + name[1:]
                # AWS writes XML requests so: {"NatGatewayId": {"content": "nat-1"}}
                if key == "content":
                    key = outer
                if isinstance(item, list) and item and isinstance(item[0], str):
                    item = item[0]  # noqa: PLW2901
                if isinstance(item, str) and 0 < len(item) <= MAX_ID:
                    yield depth, key, item
                elif key not in _SKIPPED:
                    below.extend(_containers(key, item))
        level = below


def _containers(key: str, item: object) -> Iterator[tuple[str, Any]]:
    if isinstance(item, dict):
        yield key, item
    elif isinstance(item, list):
        yield from ((key, one) for one in item[:1] if isinstance(one, dict))
