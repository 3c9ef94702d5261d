import { OUTSIDE, type ScenarioDefinition } from "./scenario.ts";
import { stageOpenInstance } from "./single-flow.ts";
import { applyVariants } from "./variants.ts";

/** No finding: a person knows an instance id and nothing else, so no address can be denied. */
export const manualStart: ScenarioDefinition = {
  id: "manual-start",
  title: "A person reports an instance and knows nothing more",
  description:
    "A colleague has seen strange processes on a web server. A live TCP connection leads to an address that nobody knows; the security groups let everything out.",
  attackers: ["beacon"],
  expected:
    "partial, with the tracked flow named; with the converting stage approved the flow is dead and nothing is open",
  suggestedApprovals: ["convert"],
  variants: [
    "dormant-flow",
    "elastic-address",
    "interface-attached-during-approval",
    "lateral-flow",
    "neighbour",
    "no-prepared-groups",
    "on-call-operator",
    "service-managed-interface",
    "stolen-key-pair",
    "two-vpcs",
  ],
  stage(tools) {
    const { surroundings, victim, beacon } = stageOpenInstance(tools, OUTSIDE.unknownController);
    const others = applyVariants(tools, surroundings, victim);
    return { targets: [victim.instance], attackers: [beacon, ...others], events: [] };
  },
};
