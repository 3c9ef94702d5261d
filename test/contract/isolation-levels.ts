import type { Range } from "../../src/range/range.ts";
import { addRule, createPrefixList, createSecurityGroup } from "../../src/range/world/build-network.ts";
import { createVpcEndpoint } from "../../src/range/world/endpoints.ts";
import type { RulePeer, SecurityGroup } from "../../src/range/world/model.ts";
import type { Place } from "../../src/range/world/world.ts";

/** Gives every VPC the endpoints of Systems Manager, and the Region AWS's list of S3's addresses. */
export function addEndpoints({ world, scenario }: Range): void {
  for (const { account, region } of scenario.targets) {
    const place = world.place(account, region);
    createPrefixList(place, { name: `com.amazonaws.${region}.s3`, cidrs: ["198.51.100.0/25"], ownerId: "AWS" });
    for (const vpcId of place.region.vpcs.keys()) {
      const group = createSecurityGroup(place, { vpcId, name: "endpoints", description: "HTTPS from the VPC" });
      for (const service of ["ssm", "ssmmessages"])
        createVpcEndpoint(place, {
          vpcId,
          serviceName: `com.amazonaws.${region}.${service}`,
          kind: "Interface",
          groupIds: [group.id],
        });
    }
  }
}

/** Makes the groups of all levels as `setup` would. */
export function prepareLevels(range: Range): void {
  addEndpoints(range);
  const { world, scenario } = range;
  for (const { account, region } of scenario.targets) {
    const place = world.place(account, region);
    for (const vpcId of place.region.vpcs.keys()) {
      const groups = [...place.region.securityGroups.values()];
      const endpoints = groups.find((group) => group.vpcId === vpcId && group.name === "endpoints");
      const list = [...place.region.prefixLists.values()].find(({ ownerId }) => ownerId === "AWS");
      const evidence = prepared(place, vpcId, "evidence");
      allow(place, evidence, {
        egress: true,
        port: 443,
        peer: { kind: "group", id: endpoints?.id ?? "", ownerId: account },
      });
      allow(place, evidence, { egress: true, port: 443, peer: { kind: "prefix-list", id: list?.id ?? "" } });
      const workstation = prepared(place, vpcId, "workstation");
      const peer = { kind: "group", id: workstation.id, ownerId: account } as const;
      allow(place, prepared(place, vpcId, "forensic"), { egress: false, port: 22, peer });
      allow(place, prepared(place, vpcId, "forensic-windows"), { egress: false, port: 3389, peer });
    }
  }
}

function prepared(place: Place, vpcId: string, level: string): SecurityGroup {
  const tags = [{ key: "cordon:prepared", value: level }];
  const group = createSecurityGroup(place, { vpcId, name: `cordon-${level}-${vpcId}`, description: "x", tags });
  place.world.change(group, () => (group.rules = []));
  return group;
}

function allow(
  place: Place,
  group: SecurityGroup,
  { egress, port, peer }: { readonly egress: boolean; readonly port: number; readonly peer: RulePeer },
): void {
  addRule(place, group, { egress, protocol: "tcp", fromPort: port, peer });
}
