import { describe } from "vitest";
import type { SharedStep } from "../../src/core/step.ts";
import type { Range } from "../../src/range/range.ts";
import { instanceProfile } from "../../src/steps/contain/instance-profile.ts";
import { roleSessions } from "../../src/steps/contain/role-sessions.ts";
import { roleWideSessions } from "../../src/steps/contain/role-wide-sessions.ts";
import type { ContractOptions, Staging } from "../../src/testing/contract-options.ts";
import { contract } from "../../src/testing/contract.ts";

/** It fails, as there is no room: that is what the step is for. The case goes on to the next stage all the same. */
const withoutRoom: SharedStep = {
  ...(roleSessions as unknown as SharedStep),
  verify: () => Promise.resolve({ kind: "ok", what: "", expected: "goes on", observed: "goes on" }),
};

const before = [withoutRoom, instanceProfile];

/** The role's other policies leave room for a deny by token time, and for no instance's name. */
const crowded: Staging = { scenario: "stolen-credentials", before, prepare: crowd };

/** Somebody else took the profile away: no change of the case says when. */
const bySomebodyElse = { ...instanceProfile, id: "contain.somebody-else" };
const withoutProfile: Staging = { ...crowded, before: [withoutRoom, bySomebodyElse] };

const roleWideContract: ContractOptions = {
  ...crowded,
  leaves: [/^role \S+ inlinePolicies\.CordonDenySessions/],
  shared: { scenario: "c2-beacon", variants: ["neighbour"], before, prepare: crowd },
  also: [withoutProfile],
};

describe("where the role's policies are full", () => {
  contract(roleWideSessions, roleWideContract);
});

/** IAM counts all inline policies of a role together: so much is left. A deny of one instance takes about fifty more. */
const LEFT = 200;

function crowd({ world, scenario }: Range): void {
  for (const { account, region } of scenario.targets) {
    for (const role of world.place(account, region).account.roles.values()) {
      if (!JSON.stringify(role.trustPolicy).includes("ec2.amazonaws.com")) continue;
      const used = [...role.inlinePolicies.values()].reduce((sum, { text }) => sum + text.length, 0);
      const document = (sid: string) => ({
        Version: "2012-10-17" as const,
        Statement: [{ Sid: sid, Effect: "Allow" as const, Action: "s3:ListBucket", Resource: "*" }],
      });
      const spare = 10_240 - LEFT - used - JSON.stringify(document("")).length;
      const full = document("x".repeat(spare));
      world.change(role, () => role.inlinePolicies.set("everything", { text: JSON.stringify(full), document: full }));
    }
  }
}
