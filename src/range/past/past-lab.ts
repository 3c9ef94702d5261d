import { Lab } from "../world/test-lab.ts";
import type { Place } from "../world/world.ts";
import { createSecurityGroup } from "../world/build-network.ts";

/** One instance that was launched nine days ago, with a group of its own. */
export function newLab(): { readonly place: Place; readonly groupId: string; readonly interfaceId: string } {
  const lab = new Lab();
  const group = lab.group(["out", "-1", "0.0.0.0/0"]);
  const machine = lab.instance([group], { launchedAt: lab.world.now() - 9 * 86_400_000 });
  return { place: lab.place, groupId: group.id, interfaceId: machine.network.id };
}

/** A second group in the lab's VPC. */
export function emptyGroup(place: Place): string {
  const [vpc] = place.region.vpcs.values();
  return createSecurityGroup(place, { vpcId: vpc?.id ?? "", name: "other", description: "other" }).id;
}
