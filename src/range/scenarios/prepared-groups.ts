import { addRule, createSecurityGroup } from "../world/build-network.ts";
import type { SecurityGroup, Vpc } from "../world/model.ts";
import type { Place } from "../world/world.ts";

/** The sealed and the open group of a VPC, as Cordon's `setup` leaves them. */
export interface PreparedPair {
  readonly sealed: SecurityGroup;
  readonly open: SecurityGroup;
}

/**
 * Makes the two groups. The open one allows IPv4 and IPv6 in both directions, because each family is judged on its own:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
 */
export function createPreparedGroups(place: Place, vpc: Pick<Vpc, "id">): PreparedPair {
  const sealed = prepared(place, vpc.id, "sealed", "Cordon: sealed, no rules. Interfaces of isolated instances.");
  const open = prepared(place, vpc.id, "open", "Cordon: open both ways. Makes tracked flows untracked.");
  for (const egress of [true, false]) {
    addRule(place, open, { egress, protocol: "-1", peer: { kind: "ipv4", cidr: "0.0.0.0/0" } });
    addRule(place, open, { egress, protocol: "-1", peer: { kind: "ipv6", cidr: "::/0" } });
  }
  return { sealed, open };
}

function prepared(place: Place, vpcId: string, level: "sealed" | "open", description: string): SecurityGroup {
  const group = createSecurityGroup(place, {
    vpcId,
    name: `cordon-${level}-${vpcId}`,
    description,
    tags: [
      { key: "cordon:managed", value: "true" },
      { key: "cordon:prepared", value: level },
      { key: "Purpose", value: "forensics" },
    ],
  });
  place.world.change(group, () => (group.rules = []));
  return group;
}
