import { createBeacon } from "../attackers/beacon.ts";
import { attackSequenceEvent } from "./attack-sequence-event.ts";
import { OUTSIDE, type ScenarioDefinition, type Stage, type StageTools } from "./scenario.ts";
import { createGroup, createSurroundings, createWorkloadRole, launchWorkload } from "./surroundings.ts";
import { actor } from "./victim.ts";

const WORKERS = 5;

/** One intruder on five machines: what they share (a role, two subnets' NACLs) is cut for each, and let go by the last. */
export const attackSequence: ScenarioDefinition = {
  id: "attack-sequence",
  title: "Five instances of one role, taken over one after the other",
  description:
    "From the image pipeline's hijacked vendor an intruder took five workers in two subnets, one after the other. GuardDuty put the signals together into one critical finding. All five have the same role.",
  attackers: ["beacon-1", "beacon-2", "beacon-3", "beacon-4", "beacon-5"],
  expected: "one incident with five cases, each contained; what they share is as it was when the last is released",
  suggestedApprovals: [],
  variants: ["nacl-rules-start-at-1", "no-prepared-groups"],
  stage,
};

function stage(tools: StageTools): Stage {
  const { place, network } = tools;
  const { vpc, publicSubnet, privateSubnet } = createSurroundings(tools);
  const { profile } = createWorkloadRole(place);
  const group = createGroup(place, {
    vpcId: vpc.id,
    name: "image-workers",
    description: "Image workers: the vendor's service only",
    rules: [
      { egress: true, protocol: "tcp", port: 443, cidr: `${OUTSIDE.hijackedVendor}/32`, description: "image service" },
    ],
  });
  const workers = Array.from({ length: WORKERS }, (_, index) => {
    const isPublic = index % 2 === 0;
    return launchWorkload(place, {
      name: `image-worker-${index + 1}`,
      subnetId: isPublic ? publicSubnet.id : privateSubnet.id,
      group,
      profile,
      ...(isPublic ? { publicIp: `192.0.2.${80 + index}` } : {}),
    });
  });
  const beacons = workers.map(({ instance, primary }, index) =>
    createBeacon({
      ...actor(tools, `beacon-${index + 1}`),
      instanceId: instance.id,
      network,
      through: primary,
      outsideIp: OUTSIDE.hijackedVendor,
    }),
  );
  const targets = workers.map(({ instance }) => instance);
  const event = attackSequenceEvent(place, tools.randomFor("finding"), {
    instances: targets,
    remoteIp: OUTSIDE.hijackedVendor,
  });
  return { targets, attackers: beacons, events: [event] };
}
