import { settleAgent } from "../services/ssm/agents.ts";
import type { SsmSession } from "../world/model.ts";
import type { SsmManagedInstance } from "../world/ssm-model.ts";
import type { Place } from "../world/world.ts";
import { createActor, type ActorOptions, type Attacker } from "./attacker.ts";

export interface SessionUserOptions extends Omit<ActorOptions, "everyMs"> {
  readonly place: Place;
  readonly session: SsmSession;
  readonly managed: SsmManagedInstance;
}

/**
 * A person in a shell of Session Manager. What he types goes through AWS to the agent: over the connection that the agent
 * holds, and as long as nobody has ended the session.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager.html
 */
export function createSessionUser(options: SessionUserOptions): Attacker {
  const { place, session, managed } = options;
  return createActor(
    { ...options, everyMs: 5_000 },
    {
      begin() {},
      beat() {
        settleAgent(place, managed);
        return session.state === "Connected" && managed.agent.isConnected;
      },
    },
  );
}
