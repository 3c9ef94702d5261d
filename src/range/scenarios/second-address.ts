import { createBeacon } from "../attackers/beacon.ts";
import { controllerEvent } from "./controller-event.ts";
import { OUTSIDE, type ScenarioDefinition } from "./scenario.ts";
import { stageOpenInstance } from "./single-flow.ts";
import { applyVariants } from "./variants.ts";
import { actor } from "./victim.ts";

/** The finding names one address; a second implant talks to another one, which only the converting stage reaches. */
export const secondAddress: ScenarioDefinition = {
  id: "second-address",
  title: "A second attacker address that no finding names",
  description:
    "GuardDuty names one command-and-control address. A second implant holds its own tracked connection to another one that nobody has seen.",
  attackers: ["beacon", "second-beacon"],
  expected: "partial: the named flow is cut, the other one survives the swap and is named as possible",
  suggestedApprovals: [],
  variants: [
    "interface-attached-during-approval",
    "nacl-rules-start-at-1",
    "neighbour",
    "no-prepared-groups",
    "two-vpcs",
  ],
  stage(tools) {
    const { surroundings, victim, beacon } = stageOpenInstance(tools, OUTSIDE.hijackedVendor);
    const second = createBeacon({
      ...actor(tools, "second-beacon"),
      network: tools.network,
      through: victim.primary,
      outsideIp: OUTSIDE.unnamedController,
      port: 8443,
      everyMs: 8_000,
    });
    const others = applyVariants(tools, surroundings, victim);
    const event = controllerEvent(tools, victim, OUTSIDE.hijackedVendor);
    return { targets: [victim.instance], attackers: [beacon, second, ...others], events: [event] };
  },
};
