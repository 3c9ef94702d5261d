import type { NetworkAcl } from "../world/model.ts";
import type { Place } from "../world/world.ts";
import { DAY_MS, formerId, isFounded, MINUTE_MS, writeEvent } from "./past-event.ts";

/** Writes how the networks of a place were made: VPCs, subnets, network ACLs, prefix lists and flow logs. */
export function foundNetwork(place: Place): void {
  const { region, account, world } = place;
  const at = world.now() - 60 * DAY_MS;
  for (const { id, cidr } of region.vpcs.values()) {
    if (isFounded(place, id)) continue;
    writeEvent(place, {
      at,
      operation: "CreateVpc",
      input: { CidrBlock: cidr },
      output: { Vpc: { VpcId: id, CidrBlock: cidr } },
    });
  }
  for (const { id, vpcId, cidr } of region.subnets.values()) {
    if (isFounded(place, id)) continue;
    const output = { Subnet: { SubnetId: id, VpcId: vpcId, CidrBlock: cidr } };
    writeEvent(place, {
      at: at + MINUTE_MS,
      operation: "CreateSubnet",
      input: { VpcId: vpcId, CidrBlock: cidr },
      output,
    });
  }
  for (const acl of region.networkAcls.values())
    if (!isFounded(place, acl.id) && !acl.isDefault) foundAcl(place, acl, at);
  for (const { id, name, ownerId, addressFamily, entries } of region.prefixLists.values()) {
    if (isFounded(place, id) || ownerId !== account.id) continue;
    const input = {
      PrefixListName: name,
      AddressFamily: addressFamily,
      MaxEntries: Math.max(entries.length, 1),
      Entries: entries.map(({ cidr, description }) => ({
        Cidr: cidr,
        ...(description === null ? {} : { Description: description }),
      })),
    };
    writeEvent(place, {
      at: at + MINUTE_MS,
      operation: "CreateManagedPrefixList",
      input,
      output: { PrefixList: { PrefixListId: id } },
    });
  }
  foundFlowLogs(place);
}

function foundAcl(place: Place, { id, vpcId, entries, associations }: NetworkAcl, at: number): void {
  const output = { NetworkAcl: { NetworkAclId: id, VpcId: vpcId, IsDefault: false } };
  writeEvent(place, { at: at + 2 * MINUTE_MS, operation: "CreateNetworkAcl", input: { VpcId: vpcId }, output });
  for (const { number, egress, protocol, cidr, ipv6Cidr, portRange, icmp, action } of entries)
    writeEvent(place, {
      at: at + 3 * MINUTE_MS,
      operation: "CreateNetworkAclEntry",
      input: {
        NetworkAclId: id,
        RuleNumber: number,
        Protocol: protocol,
        RuleAction: action,
        Egress: egress,
        ...(cidr === null ? {} : { CidrBlock: cidr }),
        ...(ipv6Cidr === null ? {} : { Ipv6CidrBlock: ipv6Cidr }),
        ...(portRange === null ? {} : { PortRange: { From: portRange.from, To: portRange.to } }),
        ...(icmp === null ? {} : { IcmpTypeCode: { Type: icmp.type, Code: icmp.code } }),
      },
    });
  for (const association of associations)
    writeEvent(place, {
      at: at + 4 * MINUTE_MS,
      operation: "ReplaceNetworkAclAssociation",
      input: { AssociationId: formerId("aclassoc", association.id), NetworkAclId: id },
      output: { NewAssociationId: association.id },
    });
}

function foundFlowLogs(place: Place): void {
  for (const log of place.region.flowLogs.values()) {
    if (isFounded(place, log.id)) continue;
    const { resourceId, destination, trafficType, maxAggregationSeconds, format, createdAt } = log;
    writeEvent(place, {
      at: createdAt,
      operation: "CreateFlowLogs",
      input: {
        ResourceIds: [resourceId],
        ResourceType: resourceId.startsWith("vpc")
          ? "VPC"
          : resourceId.startsWith("subnet")
            ? "Subnet"
            : "NetworkInterface",
        TrafficType: trafficType,
        LogDestinationType: destination.kind,
        ...(destination.kind === "s3"
          ? { LogDestination: destination.arn }
          : { LogGroupName: destination.logGroupName }),
        LogFormat: format,
        MaxAggregationInterval: maxAggregationSeconds,
      },
      output: { FlowLogIds: [log.id], Unsuccessful: [] },
    });
  }
}
