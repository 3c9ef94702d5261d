import type { Attacker } from "../attackers/attacker.ts";
import { createDeadManSwitch } from "../attackers/dead-man-switch.ts";
import { createOnCallOperator } from "../attackers/on-call-operator.ts";
import { createRelauncher } from "../attackers/relauncher.ts";
import { createUser, importKeyPair } from "../world/build-identity.ts";
import { createImage } from "../world/build-images.ts";
import { OUTSIDE, type StageTools } from "./scenario.ts";
import { actor, type Victim } from "./victim.ts";

/** The implant ends the system it lives on when it is cut off. The launch template said that a shutdown is the end. */
export function createSwitch(tools: StageTools, { instance, controller }: Victim): Attacker {
  const { place } = tools;
  if (!controller) throw new TypeError("the variant dead-man-switch needs a controller whose silence is waited for");
  place.world.change(instance, () => (instance.shutdownBehavior = "terminate"));
  return createDeadManSwitch({ ...actor(tools, "dead-man-switch"), place, instance, controller });
}

/** When the intruder notices that his instance is silent. */
const NOTICES_AFTER_MS = 150_000;

/** The intruder has the private key that the instance was launched with, and the key of a job that may launch others. */
export function createSecondLaunch(tools: StageTools, { instance, group }: Victim): Attacker {
  const { place, call } = tools;
  const keyName = "deployment";
  importKeyPair(place, keyName);
  place.world.change(instance, () => (instance.keyName = keyName));
  const { session } = createUser(place, {
    name: "deployment",
    inlinePolicies: {
      launch: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "ec2:RunInstances", Resource: "*" }] },
    },
  });
  return createRelauncher({
    ...actor(tools, "relauncher"),
    call,
    session,
    lost: instance,
    imageId: createImage(place, { name: "web" }).id,
    groupIds: [group.id],
    firstAfterMs: NOTICES_AFTER_MS,
  });
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
