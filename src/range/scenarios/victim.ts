import type { ActorOptions, Attacker } from "../attackers/attacker.ts";
import type { InstanceProfile, Role } from "../world/identity.ts";
import type { Instance, NetworkInterface, SecurityGroup } from "../world/model.ts";
import type { Place } from "../world/world.ts";
import type { StageTools } from "./scenario.ts";

/** The instance that the variants are applied to. */
export interface Victim {
  readonly instance: Instance;
  readonly primary: NetworkInterface;
  readonly group: SecurityGroup;
  readonly profile: InstanceProfile | null;
  /** Where an interface that the intruder adds would call. */
  readonly controllerIp: string;
  /** Who calls home from it, for what waits for his silence. */
  readonly controller?: Attacker;
}

/** The role of the victim's profile. */
export function roleOf({ account }: Pick<Place, "account">, { profile }: Pick<Victim, "profile">): Role {
  const role = account.roles.get(profile?.roleNames[0] ?? "");
  if (!role) throw new TypeError("the variant needs an instance with a role");
  return role;
}

/** Who an actor is: name, clock and its own chance. */
export function actor(
  { place, randomFor }: Pick<StageTools, "place" | "randomFor">,
  name: string,
): Pick<ActorOptions, "name" | "clock" | "random"> {
  return { name, clock: place.world.clock, random: randomFor(name) };
}
