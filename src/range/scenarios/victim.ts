import type { ActorOptions, Attacker } from "../attackers/attacker.ts";
import type { InstanceProfile } from "../world/identity.ts";
import type { Instance, NetworkInterface, SecurityGroup } from "../world/model.ts";
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

/** Who an actor is: name, clock and its own chance. */
export function actor(
  { place, randomFor }: Pick<StageTools, "place" | "randomFor">,
  name: string,
): Pick<ActorOptions, "name" | "clock" | "random"> {
  return { name, clock: place.world.clock, random: randomFor(name) };
}
