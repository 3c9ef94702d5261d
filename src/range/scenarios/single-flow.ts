import { createBeacon } from "../attackers/beacon.ts";
import type { Attacker } from "../attackers/attacker.ts";
import { allocateAddress, associateAddress } from "../world/build-network.ts";
import type { StageTools } from "./scenario.ts";
import {
  createGroup,
  createSurroundings,
  createWorkloadRole,
  EGRESS_ALL,
  launchWorkload,
  type Surroundings,
} from "./surroundings.ts";
import { actor, type Victim } from "./victim.ts";

/** Longer than the window in which tracked flows are dropped, and shorter than a drill is watched. */
const DORMANT_MS = 240_000;

/** A public instance whose groups let everything out, with a beacon on it: what most compromised instances are. */
export function stageOpenInstance(
  tools: StageTools,
  controllerIp: string,
): { readonly surroundings: Surroundings; readonly victim: Victim; readonly beacon: Attacker } {
  const { place, network, variants } = tools;
  const surroundings = createSurroundings(tools);
  const { profile } = createWorkloadRole(place);
  const group = createGroup(place, {
    vpcId: surroundings.vpc.id,
    name: "web",
    description: "Web servers: HTTPS in, everything out",
    rules: [EGRESS_ALL, { egress: false, protocol: "tcp", port: 443, cidr: "0.0.0.0/0", description: "customers" }],
  });
  const { instance, primary } = launchWorkload(place, {
    name: "web-1",
    subnetId: surroundings.publicSubnet.id,
    group,
    profile,
    ...(variants.has("elastic-address") ? {} : { publicIp: "192.0.2.60" }),
  });
  if (variants.has("elastic-address")) associateAddress(place, allocateAddress(place, "192.0.2.64"), primary);
  const beacon = createBeacon({
    ...actor(tools, "beacon"),
    network,
    through: primary,
    outsideIp: controllerIp,
    ...(variants.has("dormant-flow") ? { everyMs: DORMANT_MS } : {}),
  });
  return { surroundings, victim: { instance, primary, group, profile, controllerIp }, beacon };
}
