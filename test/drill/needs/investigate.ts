import { prepareWorkstation, withWorkstation } from "../../contract/workstations.ts";
import type { Need } from "./need.ts";

/** The instance has shut itself down: what it was can be learnt from its disks only. */
const shutDown = {
  scenario: "c2-beacon",
  variants: ["dead-man-switch"],
  playbook: "isolate-for-forensics",
  prepare: prepareWorkstation,
  settings: withWorkstation,
} as const;

/** Investigation: what examiners cannot look at without it. */
export const investigationNeeds: readonly Need[] = [
  {
    ...shutDown,
    step: "investigate.forensic-workstation",
    sees: { of: "launched" },
    with: 1,
    without: 0,
    why: "The implant has shut the system down: examiners need a clean machine to look at its disks",
  },
  {
    ...shutDown,
    step: "investigate.evidence-volumes",
    sees: { of: "examinable disks" },
    with: 1,
    without: 0,
    why: "The same: the machine is of use with the saved disks in it",
  },
];
