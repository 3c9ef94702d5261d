import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { createRole } from "../../src/range/world/build-identity.ts";
import type { PolicyDocument } from "../../src/range/world/identity.ts";
import { type EvidenceBucket, evidenceBucket, findBucket } from "../../src/range/world/s3.ts";
import { addedTo, examined, missingIn, named, SIMULATE } from "./doctor-report.ts";
import { build, EVIDENCE, EXTERNAL_ID, type Hub, openHub, REGION, trustingTheHub } from "./hub.ts";

let hub: Hub;

beforeAll(build, 60_000);
afterEach(() => hub.close());

describe("the vault's bucket", { timeout: 60_000 }, () => {
  const BUCKET = "evidence-of-the-hub";
  const ROLE = `arn:aws:iam::${EVIDENCE}:role/CordonVault`;
  const WITH_LOCK = "lock: { mode: governance, days: 365 }";
  const LOCKED = { mode: "governance", days: 1 } as const;

  interface Wish {
    /** Lines of `vault` beside its bucket, account and role. */
    readonly vault?: string;
    readonly bucket?: Partial<EvidenceBucket> | null;
    readonly without?: readonly string[];
  }

  /** A hub with a bucket in the evidence account, and a role that has the policy which is printed for the vault. */
  async function open({ vault = "", bucket = {}, without = [] }: Wish = {}): Promise<void> {
    hub = await openHub();
    const { world } = hub.range;
    hub.configure(`
vault:
  bucket: ${BUCKET}
  account: "${EVIDENCE}"
  region: ${REGION}
  prefix: cordon/
  roleArn: "${ROLE}"
  externalId: ${EXTERNAL_ID}
  ${vault}
`);
    if (bucket !== null) evidenceBucket(world, { account: EVIDENCE, region: REGION, name: BUCKET, ...bucket });
    const { stdout } = await hub.cordon("permissions", "--for", "all", "-o", "json");
    const { vault: policy } = JSON.parse(stdout) as { vault: { Statement: { Action: string[] }[] } };
    const Statement = policy.Statement.map((each) => ({
      ...each,
      Action: each.Action.filter((action) => !without.includes(action)),
    })).filter(({ Action }) => Action.length > 0);
    createRole(world.place(EVIDENCE, REGION), {
      name: "CordonVault",
      trustPolicy: trustingTheHub,
      inlinePolicies: { own: { Version: "2012-10-17", Statement: [...Statement, SIMULATE] } },
    });
  }

  /** What lies in the bucket, uploads that were not ended among it. */
  function contents(): number {
    const { bucketContents } = hub.range.world.place(EVIDENCE, REGION).region;
    const { versions, uploads } = bucketContents.get(BUCKET)!;
    return versions.size + uploads.size;
  }

  function setBucketPolicy(statement: object): void {
    const { world } = hub.range;
    const bucket = findBucket(world, BUCKET)!;
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    world.change(bucket, () => (bucket.policy = policy));
  }

  test("is ok where all is there: writing is tried under the lock and the key, and leaves nothing", async () => {
    const key = `arn:aws:kms:${REGION}:${EVIDENCE}:key/77777777-2222-4333-8444-555555555555`;
    await open({ vault: `${WITH_LOCK}\n  kmsKeyId: "${key}"`, bucket: { lock: LOCKED } });
    const from = hub.range.calls.length;
    const report = await examined(hub, "quick-containment");
    expect(missingIn(report, EVIDENCE)).toEqual([]);
    expect(named(report, "vault")).toMatchObject({ state: "ok", detail: `bucket ${BUCKET} keeps versions and locks` });
    expect(named(report, "writing into the vault")).toMatchObject({
      state: "ok",
      detail: "tried with a lock of 365 days and its key: an upload was begun and given up; reading back was not tried",
    });
    expect(contents()).toBe(0);
    const asked = hub.range.calls.slice(from).filter(({ service }) => service === "s3");
    expect(asked.flatMap(({ actions }) => actions.map(({ action }) => action))).toEqual(
      expect.arrayContaining([
        "s3:PutObject",
        "s3:PutObjectRetention",
        "kms:GenerateDataKey",
        "s3:AbortMultipartUpload",
      ]),
    );
    expect(asked.map(({ operation }) => operation)).not.toContain("PutObject");
  });

  test.each([
    {
      when: "not there",
      wish: { bucket: null },
      detail: `there is no bucket ${BUCKET}`,
      remedy: "aws s3api put-bucket-versioning",
    },
    {
      when: "not there, and to lock",
      wish: { bucket: null, vault: WITH_LOCK },
      detail: `there is no bucket ${BUCKET}`,
      remedy: "LocationConstraint=eu-central-1 --object-lock-enabled-for-bucket",
    },
    {
      when: "without Object Lock, and to lock",
      wish: { vault: WITH_LOCK },
      detail: "it has no Object Lock",
      remedy: "aws s3api put-object-lock-configuration",
    },
    {
      when: "in another Region",
      wish: { bucket: { region: "eu-west-1" } },
      detail: "does not lie in eu-central-1",
      remedy: "vault.region",
    },
  ] satisfies readonly { when: string; wish: Wish; detail: string; remedy: string }[])(
    "is said to be what it is: $when",
    async ({ wish, detail, remedy }) => {
      await open(wish);
      const report = await examined(hub, "quick-containment");
      expect(missingIn(report, EVIDENCE)).toMatchObject([
        {
          what: "vault",
          detail: expect.stringContaining(detail) as string,
          remedy: expect.stringContaining(remedy) as string,
        },
      ]);
      expect(named(report, "writing into the vault")).toBeUndefined();
      expect(report.code).toBe(6);
    },
  );

  test("that keeps no versions is refused, with the command that mends it", async () => {
    await open();
    findBucket(hub.range.world, BUCKET)!.versioning = "Suspended";
    expect(missingIn(await examined(hub, "quick-containment"), EVIDENCE)).toMatchObject([
      { what: "vault", remedy: expect.stringContaining("put-bucket-versioning") as string },
    ]);
  });

  test("that belongs to another account is named so where it shows itself, and as possible where it does not", async () => {
    await open({ bucket: { account: "555566667777" } });
    const hidden = await examined(hub, "quick-containment");
    expect(named(hidden, "vault")).toMatchObject({
      state: "missing",
      remedy: expect.stringContaining("belongs to another account than 222233334444") as string,
    });
    const readable = { Effect: "Allow", Principal: "*", Action: "s3:*", Resource: "*" };
    setBucketPolicy(readable);
    const shown = await examined(hub, "quick-containment");
    expect(named(shown, "vault")).toMatchObject({
      state: "missing",
      detail: `the bucket ${BUCKET} does not belong to account 222233334444`,
    });
    const written = hub.range.calls.filter(({ operation }) => operation === "CreateMultipartUpload");
    expect(written).toEqual([]);
  });

  test("into which the role may not write, or not lock, is refused, and the policy that is printed adds it", async () => {
    const without = ["s3:PutObject", "s3:PutObjectRetention"];
    await open({ vault: WITH_LOCK, bucket: { lock: LOCKED }, without });
    const report = await examined(hub, "quick-containment");
    expect(missingIn(report, EVIDENCE).map(({ what }) => what)).toEqual([...without, "writing into the vault"]);
    const additions = report.additions.filter(({ account }) => account === EVIDENCE);
    expect(additions).toEqual([
      {
        account: EVIDENCE,
        role: ROLE,
        policy: {
          Version: "2012-10-17",
          Statement: [
            { Sid: "CordonEvidence", Effect: "Allow", Action: without, Resource: [`arn:aws:s3:::${BUCKET}/cordon/*`] },
          ],
        },
      },
    ]);
    const { world } = hub.range;
    const role = world.account(EVIDENCE).roles.get("CordonVault")!;
    const document = additions[0]!.policy as unknown as PolicyDocument;
    world.change(role, () => role.inlinePolicies.set("added", { text: JSON.stringify(document), document }));
    expect(missingIn(await examined(hub, "quick-containment"), EVIDENCE)).toEqual([]);
    expect(contents()).toBe(0);
  });

  test("whose own policy denies a lock is found out, though the role's policies allow it", async () => {
    await open({ vault: WITH_LOCK, bucket: { lock: LOCKED } });
    setBucketPolicy({ Effect: "Deny", Principal: "*", Action: "s3:PutObjectRetention", Resource: "*" });
    const report = await examined(hub, "quick-containment");
    expect(missingIn(report, EVIDENCE)).toMatchObject([
      {
        what: "writing into the vault",
        detail: expect.stringContaining("explicit deny in a resource-based policy") as string,
        remedy: expect.stringContaining(`aws s3api get-bucket-policy --bucket ${BUCKET}`) as string,
      },
    ]);
    expect(addedTo(report, "CordonVault")).toEqual([]);
  });

  test("in which an upload may not be given up is named with the command that ends it", async () => {
    await open({ without: ["s3:AbortMultipartUpload"] });
    const report = await examined(hub, "quick-containment");
    expect(missingIn(report, EVIDENCE).map(({ what }) => what)).toEqual([
      "s3:AbortMultipartUpload",
      "writing into the vault",
    ]);
    expect(named(report, "writing into the vault")!.remedy).toContain(
      `aws s3api abort-multipart-upload --bucket ${BUCKET} --key cordon/cordon-doctor --upload-id `,
    );
  });

  test("whose role does not trust the caller is said to be that", async () => {
    await open();
    hub.configure(`vault: { bucket: ${BUCKET}, region: ${REGION}, roleArn: "${ROLE}", externalId: another-id }`);
    expect(missingIn(await examined(hub, "quick-containment"), null)).toMatchObject([
      { what: `role ${ROLE}`, remedy: expect.stringContaining("external id") as string },
    ]);
  });
});
