"""Prints as JSON what boto3 sees of one instance and of what contains it. Shares no code with Cordon.

    python observe.py ENDPOINT INSTANCE_ID ROLE_NAME
"""

import json
import sys

import boto3

endpoint, instance_id, role_name = sys.argv[1:]
ec2 = boto3.client("ec2", endpoint_url=endpoint)
iam = boto3.client("iam", endpoint_url=endpoint)


def all_of(operation, key, **parameters):
    return [item for page in ec2.get_paginator(operation).paginate(**parameters) for item in page[key]]


def entry_line(entry):
    direction = "out" if entry["Egress"] else "in"
    cidr = entry.get("CidrBlock") or entry.get("Ipv6CidrBlock")
    return f"{direction} {entry['RuleNumber']} {entry['RuleAction']} {entry['Protocol']} {cidr}"


interfaces = all_of(
    "describe_network_interfaces",
    "NetworkInterfaces",
    Filters=[{"Name": "attachment.instance-id", "Values": [instance_id]}],
)
interfaces.sort(key=lambda each: each["Attachment"]["DeviceIndex"])
acls = all_of(
    "describe_network_acls",
    "NetworkAcls",
    Filters=[{"Name": "association.subnet-id", "Values": sorted({each["SubnetId"] for each in interfaces})}],
)
associations = all_of(
    "describe_iam_instance_profile_associations",
    "IamInstanceProfileAssociations",
    Filters=[{"Name": "instance-id", "Values": [instance_id]}],
)
resources = [instance_id, *(each["NetworkInterfaceId"] for each in interfaces)]
tags = all_of("describe_tags", "Tags", Filters=[{"Name": "resource-id", "Values": resources}])
policies = iam.list_role_policies(RoleName=role_name)["PolicyNames"]

print(
    json.dumps(
        {
            "interfaces": [
                {
                    "id": each["NetworkInterfaceId"],
                    "groups": sorted(group["GroupId"] for group in each["Groups"]),
                    "timers": {
                        name: value
                        for name, value in each.get("ConnectionTrackingConfiguration", {}).items()
                    },
                }
                for each in interfaces
            ],
            "entries": {acl["NetworkAclId"]: sorted(map(entry_line, acl["Entries"])) for acl in acls},
            "profiles": [each["IamInstanceProfile"]["Arn"] for each in associations],
            "policies": {
                name: iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"] for name in policies
            },
            "tags": sorted(f"{each['ResourceId']} {each['Key']}={each['Value']}" for each in tags),
        }
    )
)
