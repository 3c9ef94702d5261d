import type { Place, World } from "../world/world.ts";
import { foundGroups, groupTimes } from "./founding-groups.ts";
import { foundInterfaces } from "./founding-interfaces.ts";
import { foundNetwork } from "./founding-network.ts";

/**
 * Gives everything that builders have put into a world the events that would have led to it: the state at the launch, and the
 * changes until now, are what is read now. What has its events already gets none twice.
 *
 * Times come from what resources say (launch, attachment, creation); the rest was made weeks before.
 */
export function foundPast(world: World): void {
  if (!world.eventHistory.isKept) return;
  for (const { id, regions } of world.accounts.values())
    for (const name of regions.keys()) foundPlace(world.place(id, name));
}

function foundPlace(place: Place): void {
  const times = groupTimes(place);
  foundNetwork(place);
  foundGroups(place, times);
  foundInterfaces(place, times);
}
