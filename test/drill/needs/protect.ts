import type { Need } from "./need.ts";

const SEAL = "contain.security-groups";

/** Protection: what becomes of the instance and of those beside it. */
export const protectionNeeds: readonly Need[] = [
  {
    step: "protect.auto-scaling",
    scenario: "ssh-intruder",
    variants: [],
    playbook: "compromised-instance",
    sees: { of: "instance" },
    with: "running",
    without: "terminated",
    why: "Its Auto Scaling group ends what does not answer",
  },
  {
    step: "protect.termination-protection",
    scenario: "evidence-saboteur",
    variants: [],
    playbook: "compromised-instance",
    sees: { of: "instance" },
    with: "running",
    without: "terminated",
    why: "The intruder ends the instance through AWS's API",
  },
  {
    step: "protect.termination-protection",
    scenario: "c2-beacon",
    variants: ["dead-man-switch"],
    playbook: "compromised-instance",
    sees: { of: "volumes" },
    with: 1,
    without: 0,
    why: "The implant shuts the system down from inside, which was set to be the end of it",
  },
  {
    step: "protect.load-balancers",
    scenario: "web-shell",
    variants: [],
    playbook: "quick-containment",
    sees: { of: "attacker", name: "web-shell-user" },
    with: "cut",
    without: "gets through",
    why: "The intruder's requests come over a connection that the load balancer keeps open",
  },
  {
    step: "protect.prepared-groups",
    scenario: "stolen-credentials",
    variants: ["no-prepared-groups"],
    playbook: "stolen-credentials",
    approve: ["convert"],
    sees: { of: "attacker", name: "ssh-intruder" },
    with: "cut",
    without: "gets through",
    why: "Nobody ran `cordon setup`: there is no group to seal with",
  },
];
