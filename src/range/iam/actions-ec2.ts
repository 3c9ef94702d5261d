import type { Context } from "../services/handler.ts";
import { on, requestTagKeys, specified, taggingOnCreate, text, texts, typedIds, type ActionRow } from "./action-row.ts";
import type { AccessRequest } from "./evaluate.ts";

const EC2 = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html";

export type Input = Record<string, unknown>;
export type Resources = (context: Context, input: Input) => readonly (readonly [type: string, id: string])[];

/** A call that EC2 checks without naming a resource. */
export function describes(operation: string): readonly [string, ActionRow] {
  return [operation, { documentation: EC2, required: () => [{ action: `ec2:${operation}`, resource: "*", keys: {} }] }];
}

/** A call that EC2 checks on what it touches, and on the tags it gives. */
export function touches(
  operation: string,
  resources: Resources,
  also: (context: Context, input: Input) => AccessRequest[] = () => [],
): readonly [string, ActionRow] {
  return [
    operation,
    {
      documentation: EC2,
      required: (context, input) => [
        ...on(
          context,
          `ec2:${operation}`,
          resources(context, input),
          requestTagKeys(specified(input).flatMap(({ tags }) => tags)),
        ),
        ...taggingOnCreate(context, operation, input),
        ...also(context, input),
      ],
    },
  ];
}

export const at =
  (type: string, member: string): Resources =>
  (_, input) => [[type, text(input[member])]];
export const each =
  (type: string, member: string): Resources =>
  (_, input) =>
    texts(input[member]).map((id) => [type, id] as const);
export const together =
  (...parts: readonly Resources[]): Resources =>
  (context, input) =>
    parts.flatMap((part) => part(context, input));
export const created =
  (type: string): Resources =>
  () => [[type, "*"]];
const groupOf: Resources = (context, input) => [
  [
    "security-group",
    typeof input["GroupId"] === "string"
      ? input["GroupId"]
      : ([...context.region.securityGroups.values()].find(({ name }) => name === input["GroupName"])?.id ?? "*"),
  ],
];

const instanceOfAssociation: Resources = ({ region }, input) => [
  [
    "instance",
    [...region.instances.values()].find(({ profileAssociation }) => profileAssociation?.id === input["AssociationId"])
      ?.id ?? "*",
  ],
];

const subnetOfAssociation: Resources = ({ region }, input) => [
  [
    "subnet",
    [...region.networkAcls.values()]
      .flatMap(({ associations }) => associations)
      .find(({ id }) => id === input["AssociationId"])?.subnetId ?? "*",
  ],
];

const addressOfAssociation: Resources = ({ region }, input) => {
  const address = [...region.elasticAddresses.values()].find(
    ({ associationId }) => associationId === input["AssociationId"],
  );
  return [
    ["elastic-ip", address?.id ?? "*"],
    ["network-interface", address?.interfaceId ?? "*"],
  ];
};

const tableOfAssociation: Resources = ({ region }, input) => [
  [
    "route-table",
    [...region.routeTables.values()].find(({ associations }) =>
      associations.some(({ id }) => id === input["AssociationId"]),
    )?.id ?? "*",
  ],
];

const attachedTo: Resources = ({ region }, input) => {
  const target = [...region.interfaces.values()].find(({ attachment }) => attachment?.id === input["AttachmentId"]);
  return [
    ["instance", target?.attachment?.instanceId ?? "*"],
    ["network-interface", target?.id ?? "*"],
  ];
};

/** Giving an instance a role needs iam:PassRole on it: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html */
export function passesRole({ account }: Context, input: Input): AccessRequest[] {
  const { Name, Arn } = (input["IamInstanceProfile"] ?? {}) as { readonly Name?: string; readonly Arn?: string };
  const profile = [...account.instanceProfiles.values()].find(({ name, arn }) => name === Name || arn === Arn);
  const roles = (profile?.roleNames ?? []).flatMap((name) => account.roles.get(name) ?? []);
  return roles.map(({ arn }) => ({
    action: "iam:PassRole",
    resource: arn,
    keys: { "iam:PassedToService": "ec2.amazonaws.com" },
  }));
}

/** DescribeInstanceAttribute and DescribeTrunkInterfaceAssociations stand here too: they differ in what they name. */
export const EC2_ACTIONS: Readonly<Record<string, ActionRow>> = Object.fromEntries([
  describes("DescribeAddresses"),
  describes("DescribeAvailabilityZones"),
  describes("DescribeCarrierGateways"),
  describes("DescribeEgressOnlyInternetGateways"),
  describes("DescribeIamInstanceProfileAssociations"),
  describes("DescribeInstanceStatus"),
  describes("DescribeInstanceTypes"),
  describes("DescribeInstances"),
  describes("DescribeInternetGateways"),
  describes("DescribeManagedPrefixLists"),
  describes("DescribeNatGateways"),
  describes("DescribeNetworkAcls"),
  describes("DescribeNetworkInterfaces"),
  describes("DescribeRegions"),
  describes("DescribeRouteTables"),
  describes("DescribeSecurityGroupRules"),
  describes("DescribeSecurityGroups"),
  describes("DescribeSecurityGroupVpcAssociations"),
  describes("DescribeSubnets"),
  describes("DescribeTags"),
  describes("DescribeTrafficMirrorSessions"),
  describes("DescribeTrafficMirrorTargets"),
  describes("DescribeTransitGatewayAttachments"),
  describes("DescribeTransitGatewayVpcAttachments"),
  describes("DescribeTrunkInterfaceAssociations"),
  describes("DescribeVolumes"),
  describes("DescribeVpcPeeringConnections"),
  describes("DescribeVpcs"),
  describes("DescribeVpnGateways"),
  touches("DescribeInstanceAttribute", at("instance", "InstanceId")),
  touches("GetManagedPrefixListEntries", at("prefix-list", "PrefixListId")),
  touches(
    "ModifyNetworkInterfaceAttribute",
    together(at("network-interface", "NetworkInterfaceId"), each("security-group", "Groups")),
  ),
  touches("ModifyInstanceAttribute", together(at("instance", "InstanceId"), each("security-group", "Groups"))),
  touches("ModifyInstanceMetadataOptions", at("instance", "InstanceId")),
  touches("CreateSecurityGroup", together(created("security-group"), at("vpc", "VpcId"))),
  touches("DeleteSecurityGroup", groupOf),
  touches("AuthorizeSecurityGroupIngress", groupOf),
  touches("AuthorizeSecurityGroupEgress", groupOf),
  touches("RevokeSecurityGroupIngress", groupOf),
  touches("RevokeSecurityGroupEgress", groupOf),
  touches("CreateNetworkAcl", together(created("network-acl"), at("vpc", "VpcId"))),
  touches("DeleteNetworkAcl", at("network-acl", "NetworkAclId")),
  touches("CreateNetworkAclEntry", at("network-acl", "NetworkAclId")),
  touches("ReplaceNetworkAclEntry", at("network-acl", "NetworkAclId")),
  touches("DeleteNetworkAclEntry", at("network-acl", "NetworkAclId")),
  touches("ReplaceNetworkAclAssociation", together(at("network-acl", "NetworkAclId"), subnetOfAssociation)),
  touches(
    "AssociateAddress",
    together(at("elastic-ip", "AllocationId"), at("network-interface", "NetworkInterfaceId")),
  ),
  touches("DisassociateAddress", addressOfAssociation),
  describes("DescribeKeyPairs"),
  describes("DescribeSpotInstanceRequests"),
  touches("DeleteKeyPair", at("key-pair", "KeyPairId")),
  touches("CreateRouteTable", together(created("route-table"), at("vpc", "VpcId"))),
  touches("DeleteRouteTable", at("route-table", "RouteTableId")),
  touches("AssociateRouteTable", together(at("route-table", "RouteTableId"), at("subnet", "SubnetId"))),
  touches("DisassociateRouteTable", tableOfAssociation),
  touches("ReplaceRouteTableAssociation", together(at("route-table", "RouteTableId"), tableOfAssociation)),
  touches("CreateRoute", at("route-table", "RouteTableId")),
  touches("DeleteRoute", at("route-table", "RouteTableId")),
  touches("AssociateIamInstanceProfile", at("instance", "InstanceId"), passesRole),
  touches("ReplaceIamInstanceProfileAssociation", instanceOfAssociation, passesRole),
  touches("DisassociateIamInstanceProfile", instanceOfAssociation),
  touches("StopInstances", each("instance", "InstanceIds")),
  touches("StartInstances", each("instance", "InstanceIds")),
  touches("TerminateInstances", each("instance", "InstanceIds")),
  touches("RebootInstances", each("instance", "InstanceIds")),
  touches(
    "CreateNetworkInterface",
    together(created("network-interface"), at("subnet", "SubnetId"), each("security-group", "Groups")),
  ),
  touches(
    "AttachNetworkInterface",
    together(at("instance", "InstanceId"), at("network-interface", "NetworkInterfaceId")),
  ),
  touches("DetachNetworkInterface", attachedTo),
  [
    "CreateTags",
    {
      documentation: EC2,
      required: (context, input) =>
        on(context, "ec2:CreateTags", typedIds(texts(input["Resources"])), requestTagKeys((input["Tags"] ?? []) as [])),
    },
  ],
  [
    "DeleteTags",
    {
      documentation: EC2,
      required: (context, input) =>
        on(context, "ec2:DeleteTags", typedIds(texts(input["Resources"])), requestTagKeys((input["Tags"] ?? []) as [])),
    },
  ],
]);
