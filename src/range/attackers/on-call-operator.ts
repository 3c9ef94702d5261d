import type { TagDescription } from "@aws-sdk/client-ec2";
import type { Session } from "../world/identity.ts";
import type { NetworkInterface } from "../world/model.ts";
import type { Network } from "../world/network/network.ts";
import { createActor, type ActorOptions, type Attacker } from "./attacker.ts";
import type { CallAws } from "./aws-caller.ts";
import { ephemeralPort, TcpConnection } from "./tcp-connection.ts";

export interface OnCallOperatorOptions extends Omit<ActorOptions, "everyMs" | "kind"> {
  readonly call: CallAws;
  readonly session: Pick<Session, "accessKeyId">;
  readonly network: Network;
  readonly through: NetworkInterface;
  readonly target: string;
  readonly outsideIp: string;
}

/** How many checks must fail before he is woken. */
const FAILED_CHECKS = 3;

/**
 * An honest colleague on call. Monitoring wakes him when the service has not answered for a while; he looks at the instance,
 * and unless its tags tell him that people are at work on it, he does what helps most often: he reboots it.
 */
export function createOnCallOperator(options: OnCallOperatorOptions): Attacker {
  const { call, network, through, target, outsideIp, random } = options;
  const { accessKeyId } = options.session;
  let failed = 0;
  return createActor(
    { ...options, everyMs: 20_000, kind: "third-party" },
    {
      begin() {},
      beat() {
        const check = new TcpConnection(network, {
          inside: { kind: "interface", interfaceId: through.id, ip: through.privateIps[0] ?? "" },
          outside: { kind: "external", ip: outsideIp },
          insidePort: 443,
          outsidePort: ephemeralPort(random),
        });
        failed = check.open("outside") ? 0 : failed + 1;
        if (failed < FAILED_CHECKS) return null;
        failed = 0;
        const Filters = [{ Name: "resource-id", Values: [target] }];
        const seen = call({ service: "ec2", operation: "DescribeTags", accessKeyId, input: { Filters } });
        const tags = seen.isAllowed ? (seen.output["Tags"] as readonly TagDescription[]) : [];
        if (!tags.some(({ Value }) => Value === "in-response"))
          call({ service: "ec2", operation: "RebootInstances", accessKeyId, input: { InstanceIds: [target] } });
        return null;
      },
    },
  );
}
