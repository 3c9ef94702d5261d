import { expect, test } from "vitest";
import { putInlinePolicy } from "../../src/aws/roles.ts";
import { setGroups } from "../../src/aws/network-interfaces.ts";
import type { AnyStep, SharedStep, Step } from "../../src/core/step.ts";
import { roleSessions } from "../../src/steps/contain/role-sessions.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { diskImage } from "../../src/steps/preserve/disk-image.ts";
import { snapshotCopy } from "../../src/steps/preserve/snapshot-copy.ts";
import { volumeSnapshots } from "../../src/steps/preserve/volume-snapshots.ts";
import { hashingDisksQuickly } from "../steps/disk-image-lab.ts";
import { withSmallVolume } from "./storage.ts";
import { memoryCapture } from "../../src/steps/preserve/memory-capture.ts";
import { clausesOf } from "../../src/testing/contract.ts";
import type { ContractOptions } from "../../src/testing/contract-options.ts";
import { captureTarget, memorySettings } from "../steps/memory.ts";

const sealed: ContractOptions = { scenario: "c2-beacon", variants: ["two-vpcs"] };
const onOneInterface: ContractOptions = { scenario: "miner-behind-nat" };
const denied: ContractOptions = {
  scenario: "c2-beacon",
  variants: ["neighbour"],
  leaves: [/^role \S+ inlinePolicies\.CordonDenySessions/],
};

const seal = securityGroups as unknown as Step;
const deny = roleSessions as unknown as SharedStep;

/** What the suite says of a step, by the beginning of the clause's title. */
async function verdict(step: AnyStep, options: ContractOptions, title: string): Promise<string> {
  const clause = clausesOf(step, options).find((each) => each.title.startsWith(title));
  if (!clause) throw new Error(`there is no clause "${title}"`);
  return clause.check().then(
    () => "kept",
    (error: unknown) => (error as Error).message,
  );
}

test("A plan that writes is found out by its calls", async () => {
  const planted: Step = {
    ...seal,
    async plan(context, input) {
      const plan = await seal.plan(context, input);
      for (const { resource, before } of plan.changes) await setGroups(context.aws.ec2, resource, before as string[]);
      return plan;
    },
  };
  expect(await verdict(planted, sealed, "planning")).toBe(
    "plan sends calls that do not only read: ec2:ModifyNetworkInterfaceAttribute",
  );
});

test("A plan that finds nothing is no examination", async () => {
  const planted: Step = { ...seal, plan: () => Promise.resolve({ changes: [], left: [] }) };
  expect(await verdict(planted, sealed, "planning")).toMatch(/^plan finds nothing to do/);
});

test("A seal of one interface only is found out by what is left open", async () => {
  const planted: Step = {
    ...seal,
    async plan(context, input) {
      const plan = await seal.plan(context, input);
      return { ...plan, changes: plan.changes.slice(0, 1) };
    },
  };
  expect(await verdict(planted, { ...sealed, brings: everyInterface }, "verify")).toMatch(
    /^the run leaves out what it should bring about: /,
  );
  expect(await verdict({ ...planted, plansUntilQuiet: false }, sealed, "verify")).toMatch(
    /^a plan after the run finds more to do: contain\.security-groups\/eni-/,
  );
});

test("A verify that always says ok is found out before the run", async () => {
  const planted: Step = {
    ...seal,
    verify: () => Promise.resolve({ kind: "ok", what: "", expected: null, observed: null }),
  };
  expect(await verdict(planted, sealed, "verify")).toMatch(
    /^verify says ok of contain\.security-groups\/eni-\S+ before the run: it cannot tell/,
  );
});

test("A verify that never says ok is found out by its own time", async () => {
  const planted: Step = {
    ...seal,
    verify: () => Promise.resolve({ kind: "notYet", what: "groups", expected: [], observed: ["sg-1"] }),
  };
  expect(await verdict(planted, sealed, "verify")).toMatch(
    /^verify does not say ok within 10000 ms \(settlesWithinMs\).*observed \["sg-1"\]/,
  );
});

test("A revert that loses a group is found out by the account", async () => {
  const planted: Step = {
    ...seal,
    async revert(context, { resource, after }) {
      await setGroups(context.aws.ec2, resource, after as string[]);
      return { kind: "done", outcome: null };
    },
  };
  expect(await verdict(planted, sealed, "revert")).toMatch(
    /^revert leaves differences that the step does not declare \(reversible: exactly\)\n {2}network-interface eni-\S+ groupIds/,
  );
});

test("A run that does not wait for its call is found out by the call that comes late", async () => {
  const planted: Step = {
    ...seal,
    run({ aws }, { resource, after }) {
      void setGroups(aws.ec2, resource, after as string[]).catch(() => {});
      return Promise.resolve({ kind: "done", outcome: null });
    },
  };
  const told = "run returned before its call of ec2:ModifyNetworkInterfaceAttribute did: an await is missing";
  expect(await verdict(planted, sealed, "verify")).toBe(told);
});

/** What sealing one interface of a host without a trunk needs: the other levels and the branches are staged elsewhere. */
const onlySealing = {
  ...seal.permissions.target,
  plan: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups"],
};

test("A permission that is not declared is named with its verb", async () => {
  const planted: Step = { ...seal, permissions: { target: { ...onlySealing, verify: [] } } };
  expect(await verdict(planted, onOneInterface, "the declared permissions are exactly")).toBe(
    "permissions.target is not what AWS checks\n  verify needs ec2:DescribeNetworkInterfaces and does not declare it",
  );
  expect(
    await verdict(
      { ...seal, permissions: { target: { run: ["ec2:ModifyNetworkInterfaceAttribute"] } } },
      sealed,
      "the declared permissions suffice",
    ),
  ).toMatch(/^with exactly the declared permissions: .*ec2:Describe/);
});

test("A permission that nothing needs is named with its verb", async () => {
  const planted: Step = {
    ...seal,
    permissions: {
      target: {
        ...onlySealing,
        run: [...(seal.permissions.target.run ?? []), "ec2:TerminateInstances"],
      },
    },
  };
  expect(await verdict(planted, onOneInterface, "the declared permissions are exactly")).toBe(
    "permissions.target is not what AWS checks\n  run declares ec2:TerminateInstances and no rehearsal needed it",
  );
});

test("Permissions in the evidence account are held against that account's calls, verb by verb", async () => {
  const { target } = snapshotCopy.permissions;
  const collect = ["ec2:DescribeSnapshots", "ec2:ModifySnapshotAttribute"]; // What has no key is not encrypted anew.
  const verify = ["ec2:DescribeSnapshots", "ec2:DeleteSnapshot"];
  const evidence = { collect: ["ec2:CopySnapshot", "ec2:DescribeSnapshots"], verify };
  const planted = { ...snapshotCopy, permissions: { target: { ...target, collect }, evidence } };
  const evidenceAccount = "444455556666";
  const leaves = [/^snapshot snap-[0-9a-f]+ sharedWith: /];
  const copied = {
    scenario: "c2-beacon",
    before: [volumeSnapshots],
    evidenceAccount,
    input: { evidenceAccount },
    leaves,
  };
  expect(await verdict(planted, copied, "the declared permissions are exactly")).toBe(
    "permissions.evidence is not what AWS checks\n" +
      "  run needs ec2:CreateTags and does not declare it\n" +
      "  verify declares ec2:DeleteSnapshot and no rehearsal needed it",
  );
  expect(
    await verdict({ ...snapshotCopy, permissions: { target } }, copied, "the declared permissions suffice"),
  ).toMatch(/^with exactly the declared permissions: .*CordonEvidence.*ec2:CopySnapshot/);
});

test("A claim that overwrites the others is found out by the case that it lifts", async () => {
  const planted: SharedStep = {
    ...deny,
    reconcile: (context, resource, ledger) =>
      deny.reconcile(context, resource, { ...ledger, claims: ledger.claims.slice(-1) }),
  };
  expect(await verdict(planted, denied, "two cases")).toMatch(
    /^contained one after the other, the first released first: the cut of \S+ does not hold: verify does not say ok/,
  );
});

test("A release that ignores the claims of others is found out", async () => {
  const planted: SharedStep = {
    ...deny,
    reconcile: (context, resource, ledger) =>
      deny.reconcile(context, resource, {
        ...ledger,
        claims: ledger.claims.some(({ until }) => until !== null) ? [] : ledger.claims,
      }),
  };
  expect(await verdict(planted, denied, "two cases")).toMatch(/the cut of \S+ does not hold/);
});

test("A write before it is recorded is found out by the crash between the two", async () => {
  const planted: SharedStep = {
    ...deny,
    async reconcile(context, resource, ledger) {
      const roleName = resource.slice(resource.lastIndexOf("/") + 1);
      if (ledger.ours === null)
        await putInlinePolicy(context.aws.iam, {
          roleName,
          policyName: "CordonDenySessions",
          document: '{"Version":"2012-10-17","Statement":[]}',
        });
      return deny.reconcile(context, resource, ledger);
    },
  };
  expect(await verdict(planted, denied, "a crash at any call of run")).not.toBe("kept");
});

test("An outcome that JSON would lose is found out", async () => {
  const planted: Step = {
    ...seal,
    async run(context, change, progress) {
      await seal.run(context, change, progress);
      return { kind: "done", outcome: { at: new Date(0) as never } };
    },
  };
  expect(await verdict(planted, sealed, "verify")).toMatch(
    /^the outcome of run of contain\.security-groups\/eni-\S+\.at does not survive JSON/,
  );
});

test("A change that is not of the declared schema is found out", async () => {
  const planted: Step = {
    ...seal,
    async plan(context, input) {
      const plan = await seal.plan(context, input);
      return { ...plan, changes: plan.changes.map((change) => ({ ...change, before: "sg-1" })) };
    },
  };
  expect(await verdict(planted, sealed, "planning")).toMatch(
    /^before of contain\.security-groups\/eni-\S+ is not of the step's own schema/,
  );
});

test("An artifact with the hash of something else than what lies in the vault is found out", async () => {
  const planted: typeof diskImage = {
    ...diskImage,
    async collect(context, item, progress) {
      const quick = { ...context, vault: hashingDisksQuickly(context.vault) };
      const result = await diskImage.collect(quick, item, progress);
      if (result.kind === "later") return result;
      const hashOf = (lineage: unknown): string => (lineage as { readonly rawSha256: string }).rawSha256;
      return { ...result, artifacts: result.artifacts.map((each) => ({ ...each, sha256: hashOf(each.lineage) })) };
    },
  };
  const images = { scenario: "c2-beacon", prepare: withSmallVolume, before: [volumeSnapshots], input: { mostGiB: 1 } };
  expect(await verdict(planted, images, "what it saved")).toMatch(
    /^the vault has other content at memory:\S+ than the artifact says$/,
  );
});

test("A capture that does not hash what it reads back is found out: the host said another hash", async () => {
  const planted: typeof memoryCapture = {
    ...memoryCapture,
    collect(context, item, progress) {
      const large = { ...context.vault.large, digest: () => context.vault.large.digest(null) };
      return memoryCapture.collect({ ...context, vault: { ...context.vault, large } }, item, progress);
    },
  };
  const captured: ContractOptions = {
    scenario: "c2-beacon",
    settings: () => memorySettings,
    evidenceAccount: "444455556666",
    keepsInBucket: true,
    prepare: (range) => void captureTarget(range),
  };
  expect(await verdict(planted, captured, "what it saved")).toMatch(
    /^verify says failed after the run\. memory of i-\S+ in the vault/,
  );
  expect(await verdict(memoryCapture, captured, "what it saved")).toBe("kept");
});

/** Which of the account's interfaces the seal must have touched: all three of the instance. */
const everyInterface = [
  /^network-interface eni-\S+ groupIds/,
  /^network-interface eni-\S+ groupIds/,
  /^network-interface eni-\S+ groupIds/,
];
