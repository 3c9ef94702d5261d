import type { Range } from "../../src/range/range.ts";
import { createCollectionProfile, createSsmEndpoints } from "../../src/range/world/build-collection.ts";
import { newProfileAssociation, registerWithSsm, type AgentOptions } from "../../src/range/world/build-instances.ts";
import { addRule } from "../../src/range/world/build-network.ts";
import type { InstanceProfile } from "../../src/range/world/identity.ts";
import type { Instance } from "../../src/range/world/model.ts";
import { interfacesOf } from "../../src/range/world/place.ts";
import type { SsmManagedInstance } from "../../src/range/world/ssm-model.ts";
import type { Place } from "../../src/range/world/world.ts";

/** The profile that `collectionProfile` of the settings names in rehearsals. */
export const COLLECTION_PROFILE = "CordonCollection";

export interface ManagedOptions extends AgentOptions {
  /** Its own profile lets the agent work; the collection's profile is there in any case. */
  readonly worksAlready?: boolean;
  readonly withoutEndpoints?: boolean;
}

export interface Managed {
  readonly place: Place;
  readonly instance: Instance;
  readonly managed: SsmManagedInstance;
  readonly collection: InstanceProfile;
}

/** Gives the target an agent of Systems Manager and a way to it, and the account a profile for collecting. */
export function manageTarget(
  { world, scenario }: Pick<Range, "world" | "scenario">,
  options: ManagedOptions = {},
): Managed {
  const [target] = scenario.targets;
  const place = world.place(target?.account ?? "", target?.region ?? "");
  const instance = place.region.instances.get(target?.instanceId ?? "");
  if (!instance) throw new Error("the scenario has no target");
  const { worksAlready = true, withoutEndpoints = false, ...agent } = options;
  const collection = createCollectionProfile(place, COLLECTION_PROFILE);
  if (!withoutEndpoints) createSsmEndpoints(place, instance.vpcId);
  for (const id of interfacesOf(place, instance)[0]?.groupIds ?? []) {
    const group = place.region.securityGroups.get(id);
    if (!group) continue;
    const cidr = withoutEndpoints ? "0.0.0.0/0" : (place.region.vpcs.get(instance.vpcId)?.cidr ?? "");
    addRule(place, group, {
      egress: true,
      protocol: "tcp",
      fromPort: 443,
      peer: { kind: "ipv4", cidr },
      description: "Systems Manager",
    });
  }
  if (worksAlready) {
    const own = createCollectionProfile(place, "managed-worker");
    world.change(instance, () => (instance.profileAssociation = newProfileAssociation(place, own)));
  }
  const managed = registerWithSsm(place, instance, { isConnected: worksAlready, ...agent });
  return { place, instance, managed, collection };
}
