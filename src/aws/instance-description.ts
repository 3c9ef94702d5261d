import {
  DescribeAddressesCommand,
  DescribeIamInstanceProfileAssociationsCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeInstanceStatusCommand,
  DescribeNetworkInterfacesCommand,
  DescribeTagsCommand,
  DescribeVolumesCommand,
  type InstanceAttributeName,
} from "@aws-sdk/client-ec2";
import { DescribeInstanceInformationCommand } from "@aws-sdk/client-ssm";
import type { TargetClients } from "../core/step.ts";
import { answered, listed, readParts, type Parts } from "./parts.ts";

/** What DescribeInstances does not say. */
const attributes: readonly InstanceAttributeName[] = [
  "userData",
  "disableApiTermination",
  "disableApiStop",
  "instanceInitiatedShutdownBehavior",
];

/** What AWS says of an instance by its id alone. User data is base 64, as AWS gives it: it can hold anything. */
export function describeInstance({ now, ec2, ssm }: TargetClients, instanceId: string): Promise<Parts> {
  const ids = [instanceId];
  const of = (name: string) => ({ Filters: [{ Name: name, Values: ids }] });
  const paged = (token: string | undefined) => (token === undefined ? {} : { NextToken: token });
  const attribute = (name: InstanceAttributeName) => () =>
    answered(ec2, new DescribeInstanceAttributeCommand({ InstanceId: instanceId, Attribute: name }));
  return readParts(now, {
    instance: () =>
      listed(ec2, "Reservations", (token) => new DescribeInstancesCommand({ ...of("instance-id"), ...paged(token) })),
    status: () => answered(ec2, new DescribeInstanceStatusCommand({ InstanceIds: ids, IncludeAllInstances: true })),
    ...Object.fromEntries(attributes.map((name) => [`attribute.${name}`, attribute(name)])),
    interfaces: () =>
      listed(
        ec2,
        "NetworkInterfaces",
        (token) => new DescribeNetworkInterfacesCommand({ ...of("attachment.instance-id"), ...paged(token) }),
      ),
    addresses: () => answered(ec2, new DescribeAddressesCommand(of("instance-id"))),
    volumes: () =>
      listed(
        ec2,
        "Volumes",
        (token) => new DescribeVolumesCommand({ ...of("attachment.instance-id"), ...paged(token) }),
      ),
    tags: () => listed(ec2, "Tags", (token) => new DescribeTagsCommand({ ...of("resource-id"), ...paged(token) })),
    profileAssociations: () =>
      listed(
        ec2,
        "IamInstanceProfileAssociations",
        (token) => new DescribeIamInstanceProfileAssociationsCommand({ ...of("instance-id"), ...paged(token) }),
      ),
    systemsManager: () =>
      listed(
        ssm,
        "InstanceInformationList",
        (token) =>
          new DescribeInstanceInformationCommand({ Filters: [{ Key: "InstanceIds", Values: ids }], ...paged(token) }),
      ),
  });
}
