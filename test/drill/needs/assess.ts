import type { Need } from "./need.ts";

/** Assessments: what is known in the end that nobody knew before. */
export const assessmentNeeds: readonly Need[] = [
  {
    step: "assess.flow-logs",
    scenario: "miner-behind-nat",
    variants: ["flow-logs", "unnamed-controller"],
    playbook: "compromised-instance",
    sees: { of: "evidence", kind: "assessment", says: "198.51.100.140" },
    with: true,
    without: false,
    why: "A flow through a NAT gateway is possible and no finding names it: only the flow logs know its address",
  },
];
