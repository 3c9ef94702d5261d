import { expect, test } from "vitest";
import { setGroups } from "../../src/aws/network-interfaces.ts";
import type { Assessment } from "../../src/core/step.ts";
import { flowLogs } from "../../src/steps/assess/flow-logs.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { clausesOf } from "../../src/testing/contract.ts";
import type { ContractOptions } from "../../src/testing/contract-options.ts";

const staging: ContractOptions = {
  scenario: "miner-behind-nat",
  variants: ["flow-logs"],
  before: [securityGroups],
  settledMs: 540_000,
};
const look = flowLogs as unknown as Assessment;

/** What the suite says of an assessment, by the beginning of the clause's title. */
async function verdict(step: Assessment, title: string): Promise<string> {
  const clause = clausesOf(step, staging).find((each) => each.title.startsWith(title));
  if (!clause) throw new Error(`there is no clause "${title}"`);
  return clause.check().then(
    () => "kept",
    (error: unknown) => (error as Error).message,
  );
}

test("An assessment that changes something is found out by its calls", async () => {
  const planted: Assessment = {
    ...look,
    async assess(context, input) {
      const [seal] = context.outcomes["contain.security-groups"] ?? [];
      if (seal) await setGroups(context.aws.ec2, seal.change.resource, seal.change.after as string[]);
      return look.assess(context, input);
    },
  };
  expect(await verdict(planted, "assessing changes nothing")).toBe(
    "assess sends calls that do not only read: ec2:ModifyNetworkInterfaceAttribute",
  );
});

test("An assessment that says nothing is no examination", async () => {
  const planted: Assessment = { ...look, assess: () => Promise.resolve({ checks: [], survivors: [], document: null }) };
  expect(await verdict(planted, "assessing changes nothing")).toMatch(/^assess checks nothing/);
});

test("A permission that is missing, or one too many, is found out", async () => {
  const declared = look.permissions.target.assess ?? [];
  const withOnly = (assess: readonly string[]): Assessment => ({ ...look, permissions: { target: { assess } } });
  const fewer = declared.filter((action) => action !== "logs:FilterLogEvents");
  expect(await verdict(withOnly(fewer), "the declared permissions are exactly")).toMatch(/logs:FilterLogEvents/);
  expect(await verdict(withOnly([...declared, "logs:GetLogEvents"]), "the declared permissions are exactly")).toMatch(
    /logs:GetLogEvents/,
  );
});
