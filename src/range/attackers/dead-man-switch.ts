import { shutDownFromInside } from "../world/instance-states.ts";
import type { Instance } from "../world/model.ts";
import type { Place } from "../world/world.ts";
import { createActor, type ActorOptions, type Attacker } from "./attacker.ts";

export interface DeadManSwitchOptions extends Omit<ActorOptions, "everyMs" | "kind"> {
  readonly place: Place;
  readonly instance: Instance;
  /** Whose silence it waits for. */
  readonly controller: Attacker;
  readonly silentForMs?: number;
}

/**
 * A process of the intruder's that shuts the system down when its controller has been silent for a while. Root needs no
 * permission of AWS for that, and no protection of the API refuses it: only what AWS does about a shutdown can be set.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingInstanceInitiatedShutdownBehavior.html
 */
export function createDeadManSwitch(options: DeadManSwitchOptions): Attacker {
  const { place, instance, controller, silentForMs = 120_000 } = options;
  return createActor(
    { ...options, everyMs: 15_000, kind: "third-party" },
    {
      begin() {},
      beat() {
        const now = place.world.now();
        const isSilent = now - (controller.lastSuccessMs ?? now) >= silentForMs;
        if (isSilent && instance.state === "running") shutDownFromInside(place, instance);
        return null;
      },
    },
  );
}
