/** An intruder puts another instance profile in the place of the one whose credentials were stolen. */
import type { Range } from "../../src/range/range.ts";
import { createInstanceProfile, createRole } from "../../src/range/world/build-identity.ts";

export function swapProfile({ world, scenario }: Range): void {
  for (const { account, region, instanceId } of scenario.targets) {
    const place = world.place(account, region);
    const instance = place.region.instances.get(instanceId);
    if (!instance?.profileAssociation) throw new Error("the target has no instance profile");
    createRole(place, { name: "harmless" });
    const profile = createInstanceProfile(place, { name: "harmless", roleName: "harmless" });
    const association = { ...instance.profileAssociation, profileArn: profile.arn, profileId: profile.id };
    world.change(instance, () => (instance.profileAssociation = association));
  }
}

/** The same, and the profile that the instance had is deleted: only the role's name is left to find it by. */
export function swapAndDeleteProfile(range: Range): void {
  const { world, scenario } = range;
  swapProfile(range);
  for (const { account, region } of scenario.targets) {
    const { instanceProfiles } = world.place(account, region).account;
    for (const name of instanceProfiles.keys()) if (name !== "harmless") world.remove(instanceProfiles, name);
  }
}
