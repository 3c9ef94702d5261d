import type { Finding } from "../../src/core/finding.ts";
import type { HandedOver } from "../../src/core/route.ts";

/** A finding as triage sees it, for tests of what is done with it. */
export const finding: Finding = {
  id: "f1",
  source: "guardduty",
  type: "Backdoor:EC2/C&CActivity.B",
  title: "C2",
  severity: 8,
  account: "111122223333",
  region: "eu-west-1",
  instances: ["i-0123456789abcdef0"],
  role: null,
  remoteAddresses: [],
  channel: null,
  interfaces: [],
  firstSeen: "2026-01-15T11:00:00.000Z",
  lastSeen: "2026-01-15T11:30:00.000Z",
  updatedAt: "2026-01-15T11:40:00.000Z",
  sample: false,
  archived: false,
  rawSha256: "",
};

export const document: HandedOver = {
  kind: "cordon.finding",
  id: "0123456789abcdef0123456789abcdef",
  verdict: "compromised",
  reason: "it was seen",
  why: "route 1",
  instances: finding.instances,
  finding,
};
