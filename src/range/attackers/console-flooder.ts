import { consoleOutput } from "../world/console.ts";
import type { Instance } from "../world/model.ts";
import type { Place } from "../world/world.ts";
import { createActor, type ActorOptions, type Attacker } from "./attacker.ts";

export interface ConsoleFlooderOptions extends Omit<ActorOptions, "everyMs" | "kind"> {
  readonly place: Place;
  readonly instance: Instance;
}

/** More than AWS keeps of a console: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html */
const FLOOD_BYTES = 70_000;

/** Writes to the serial console, as root may, until nothing is left of what it showed. */
export function createConsoleFlooder(options: ConsoleFlooderOptions): Attacker {
  const { place, instance } = options;
  return createActor(
    { ...options, everyMs: 60_000, kind: "third-party" },
    {
      begin() {},
      beat() {
        if (instance.state !== "running") return null;
        const flood = "login: \r\n".repeat(Math.ceil(FLOOD_BYTES / 9));
        const shown = consoleOutput(instance).toString("utf8") + flood;
        place.world.change(instance, () => (instance.consoleText = shown.slice(-FLOOD_BYTES)));
        return null;
      },
    },
  );
}
