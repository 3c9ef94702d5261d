import type { Attacker } from "../attackers/attacker.ts";
import { createDeadManSwitch } from "../attackers/dead-man-switch.ts";
import { createOnCallOperator } from "../attackers/on-call-operator.ts";
import { createUser } from "../world/build-identity.ts";
import { OUTSIDE, type StageTools } from "./scenario.ts";
import { actor, type Victim } from "./victim.ts";

/** The implant ends the system it lives on when it is cut off. The launch template said that a shutdown is the end. */
export function createSwitch(tools: StageTools, { instance, controller }: Victim): Attacker {
  const { place } = tools;
  if (!controller) throw new TypeError("the variant dead-man-switch needs a controller whose silence is waited for");
  place.world.change(instance, () => (instance.shutdownBehavior = "terminate"));
  return createDeadManSwitch({ ...actor(tools, "dead-man-switch"), place, instance, controller });
}

/** A colleague on call, who may look at instances and reboot them. */
export function createOperator(tools: StageTools, { instance, primary }: Victim): Attacker {
  const { place, network, call } = tools;
  const { session } = createUser(place, {
    name: "on-call",
    inlinePolicies: {
      operate: {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: ["ec2:Describe*", "ec2:RebootInstances"], Resource: "*" }],
      },
    },
  });
  return createOnCallOperator({
    ...actor(tools, "on-call-operator"),
    call,
    session,
    network,
    through: primary,
    target: instance.id,
    outsideIp: OUTSIDE.partner,
  });
}
