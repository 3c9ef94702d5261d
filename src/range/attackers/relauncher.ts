import type { Session } from "../world/identity.ts";
import type { Instance } from "../world/model.ts";
import { createActor, type ActorOptions, type Attacker } from "./attacker.ts";
import type { CallAws } from "./aws-caller.ts";

export interface RelauncherOptions extends Omit<ActorOptions, "everyMs" | "kind"> {
  readonly call: CallAws;
  readonly session: Pick<Session, "accessKeyId">;
  /** The instance that he lost: the next one gets its key pair and its subnet. */
  readonly lost: Instance;
  readonly imageId: string;
  readonly groupIds: readonly string[];
}

/**
 * Has the private key of a key pair, and a key of the account that may launch: when his instance is cut off he launches
 * another that lets him in with it. Without a key pair he could not log in, and leaves it.
 */
export function createRelauncher(options: RelauncherOptions): Attacker {
  const { call, session, lost, imageId, groupIds } = options;
  let hasAnother = false;
  return createActor(
    { ...options, everyMs: 60_000, kind: "third-party" },
    {
      begin() {},
      beat() {
        if (hasAnother || lost.keyName === null) return null;
        const input = {
          ImageId: imageId,
          InstanceType: lost.instanceType,
          KeyName: lost.keyName,
          SubnetId: lost.subnetId,
          SecurityGroupIds: [...groupIds],
          MinCount: 1,
          MaxCount: 1,
        };
        hasAnother = call({
          service: "ec2",
          operation: "RunInstances",
          accessKeyId: session.accessKeyId,
          input,
        }).isAllowed;
        return null;
      },
    },
  );
}
