import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { PolicyDocument } from "../../src/range/world/identity.ts";
import { addedTo, examined, missingIn, named, SIMULATE } from "./doctor-report.ts";
import { build, EVIDENCE, EXTERNAL_ID, type Hub, openHub, REGION } from "./hub.ts";

let hub: Hub;

beforeAll(build, 60_000);
afterEach(() => hub.close());

describe("the evidence account", { timeout: 60_000 }, () => {
  const KEY = `arn:aws:kms:${REGION}:${EVIDENCE}:key/66666666-2222-4333-8444-555555555555`;
  const copying = `
id: copy-evidence
title: Snapshots, and their copies
answers: []
stages:
  - { id: save, steps: [preserve.volume-snapshots] }
  - { id: copy, needs: [save], steps: [preserve.snapshot-copy] }
`;

  /** The policy that is printed for the evidence account, without some actions. */
  async function printed(without: readonly string[] = []): Promise<PolicyDocument> {
    const { stdout } = await hub.cordon(
      "permissions",
      "--playbook",
      "copy-evidence",
      "--for",
      "evidence",
      "-o",
      "json",
    );
    const { Statement } = JSON.parse(stdout) as { Statement: { Action: string | string[] }[] };
    const kept = Statement.map((each) => ({
      ...each,
      Action: [each.Action].flat().filter((action) => !without.includes(action)),
    }));
    return { Version: "2012-10-17", Statement: [...kept.filter(({ Action }) => Action.length > 0), SIMULATE] };
  }

  async function open(
    options: { readonly without?: readonly string[]; readonly key?: string; readonly id?: string } = {},
  ) {
    hub = await openHub();
    mkdirSync(join(hub.folder, "home", "playbooks"), { recursive: true });
    writeFileSync(join(hub.folder, "home", "playbooks", "copy-evidence.yaml"), copying);
    setPolicy(await printed(options.without));
    const { key, id = EXTERNAL_ID } = options;
    hub.configure(`
evidence:
  account: "${EVIDENCE}"
  roleArn: "arn:aws:iam::${EVIDENCE}:role/CordonEvidence"
  externalId: ${id}
  ${key === undefined ? "" : `kmsKeyId: "${key}"`}
`);
  }

  function setPolicy(document: PolicyDocument): void {
    const { world } = hub.range;
    const role = world.account(EVIDENCE).roles.get("CordonEvidence")!;
    world.change(role, () => role.inlinePolicies.set("own", { text: JSON.stringify(document), document }));
  }

  test("that nobody configured is missing where the playbook copies", async () => {
    await open();
    hub.configure("");
    expect(named(await examined(hub, "copy-evidence"), "evidence account")).toMatchObject({
      state: "missing",
      remedy: "Name it under `evidence` of cordon.yaml, or leave the copies out.",
    });
  });

  test("whose role does not trust the caller is said to be that", async () => {
    await open({ id: "another-id" });
    const report = await examined(hub, "copy-evidence");
    expect(missingIn(report, EVIDENCE)).toMatchObject([
      {
        what: `role arn:aws:iam::${EVIDENCE}:role/CordonEvidence`,
        detail: expect.stringContaining("sts:AssumeRole") as string,
        remedy: expect.stringContaining("external id") as string,
      },
    ]);
    expect(report.code).toBe(6);
  });

  test("whose role has the printed policy lacks nothing; the key itself is said not to be tested", async () => {
    await open({ key: KEY });
    const report = await examined(hub, "copy-evidence");
    expect(missingIn(report, EVIDENCE)).toEqual([]);
    expect(addedTo(report, "CordonEvidence")).toEqual([]);
    expect(named(report, "evidence key")).toMatchObject({
      state: "unknown",
      detail: expect.stringContaining("is not tested") as string,
      remedy: `Look: aws kms describe-key --region eu-central-1 --key-id ${KEY}`,
    });
  });

  test("whose role may not copy, or not use the key, lacks exactly that, and the policy that is printed adds it", async () => {
    const without = ["ec2:CopySnapshot", "kms:CreateGrant", "kms:ReEncryptTo"];
    await open({ without, key: KEY });
    const report = await examined(hub, "copy-evidence");
    expect(missingIn(report, EVIDENCE).map(({ what }) => what)).toEqual(without);
    // Whoever gets the copy gets what EC2 asks of KMS in its name.
    const statements = addedTo(report, "CordonEvidence");
    expect(statements.flatMap(({ Action }) => Action)).toEqual(expect.arrayContaining(without));
    // IAM takes no policy with a Sid that stands in it twice.
    expect(statements.map(({ Sid }) => Sid)).toEqual(["CordonSteps", "CordonKeysOfVolumes"]);
    const { Statement } = (await printed(without)) as { Statement: object[] };
    setPolicy({ Version: "2012-10-17", Statement: [...Statement, ...statements] });
    const after = await examined(hub, "copy-evidence");
    expect(missingIn(after, EVIDENCE)).toEqual([]);
    expect(addedTo(after, "CordonEvidence")).toEqual([]);
  });

  test("whose key lies in another Region than the copies is told so", async () => {
    await open({ key: `arn:aws:kms:eu-west-1:${EVIDENCE}:key/66666666-2222-4333-8444-555555555555` });
    expect(named(await examined(hub, "copy-evidence"), "evidence key")).toMatchObject({
      state: "missing",
      detail: expect.stringContaining("lies in eu-west-1") as string,
      remedy: expect.stringContaining("alias") as string,
    });
  });

  test("whose key is an alias is not said to lack what only the key's own name could tell", async () => {
    await open({ key: "alias/evidence", without: ["kms:CreateGrant"] });
    expect(missingIn(await examined(hub, "copy-evidence"), EVIDENCE)).toEqual([]);
  });
});
