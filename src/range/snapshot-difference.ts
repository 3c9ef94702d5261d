import type { Json } from "../core/json.ts";
import { differences as rawDifferences, type Difference } from "./world/snapshot.ts";

/** What a table of the snapshot holds, in the words of an operator. */
const NOUNS: Readonly<Record<string, string>> = {
  vpcs: "vpc",
  vpcPeerings: "vpc-peering-connection",
  subnets: "subnet",
  routeTables: "route-table",
  internetGateways: "internet-gateway",
  natGateways: "nat-gateway",
  transitGateways: "transit-gateway",
  transitGatewayAttachments: "transit-gateway-attachment",
  vpnGateways: "vpn-gateway",
  carrierGateways: "carrier-gateway",
  trafficMirrorSessions: "traffic-mirror-session",
  trafficMirrorTargets: "traffic-mirror-target",
  networkAcls: "network-acl",
  securityGroups: "security-group",
  prefixLists: "prefix-list",
  interfaces: "network-interface",
  instances: "instance",
  elasticAddresses: "elastic-address",
  keyPairs: "key-pair",
  volumes: "volume",
  snapshots: "snapshot",
  images: "image",
  vpcEndpoints: "vpc-endpoint",
  ssmInstances: "ssm-instance",
  ssmSessions: "ssm-session",
  roles: "role",
  instanceProfiles: "instance-profile",
  users: "user",
  autoScalingGroups: "auto-scaling-group",
  targetGroups: "target-group",
  loadBalancers: "load-balancer",
};

const LONGEST_VALUE = 200;

/**
 * Where two snapshots of an account differ, each difference as one line that names the resource:
 * `network-interface eni-0ab... groupIds: ["sg-1"] -> ["sg-2"]`. In order of the resource's place in the snapshot.
 */
export function differences(before: Json, after: Json): readonly { readonly what: string }[] {
  return rawDifferences(before, after).map((difference) => ({ what: inWords(difference) }));
}

function inWords({ path, before, after }: Difference): string {
  const names = path.split(".");
  const at = names.findIndex((name) => name in NOUNS);
  const [table = "", id, ...member] = at < 0 ? [] : names.slice(at);
  const subject = id === undefined ? path : `${NOUNS[table] ?? table} ${id}`;
  if (member.length === 0 && before === null) return `${subject} is new`;
  if (member.length === 0 && after === null) return `${subject} is gone`;
  const attribute = member.length === 0 ? "" : ` ${member.join(".")}`;
  return `${subject}${attribute}: ${brief(before)} -> ${brief(after)}`;
}

function brief(value: Json): string {
  if (value === null) return "absent";
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}...` : text;
}
