import { expect, it } from "vitest";
import { createClients } from "../../src/aws/clients.ts";
import type { ChangeView, CollectResult, StepContext } from "../../src/core/step.ts";
import { createResponder } from "../../src/range/responder.ts";
import { awsManagedEbsKey } from "../../src/range/world/build-storage.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { snapshotCopy } from "../../src/steps/preserve/snapshot-copy.ts";
import { volumeSnapshots } from "../../src/steps/preserve/volume-snapshots.ts";
import { onRange, type Bench } from "./bench.ts";
import { instanceOf, itemsOf } from "./evidence.ts";

const evidenceAccount = "444455556666";
const sharingKeyId = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-4333-8444-555555555555";
const evidenceKeyId = "arn:aws:kms:eu-central-1:444455556666:key/66666666-2222-4333-8444-555555555555";

/** Takes the snapshots of the target; what comes after sees them, and has clients of the evidence account. */
async function withEvidenceAccount(bench: Bench): Promise<StepContext> {
  const { context, range, clock, target } = bench;
  const [item] = itemsOf(volumeSnapshots, await volumeSnapshots.plan(context, {}));
  await volumeSnapshots.collect(context, item!, null);
  const view: ChangeView = {
    change: { ...item!, step: volumeSnapshots.id, before: null, after: item!.details },
    state: "verified",
    outcome: { artifacts: 1 },
    verifiedAt: clock.now(),
  };
  const evidence = createClients({
    region: target.region,
    credentials: createResponder(range.world.place(evidenceAccount, target.region)),
    requestHandler: range.requestHandler(),
    clock,
    random: seededRandom(2),
  }).observed(() => {}, new AbortController().signal);
  return { ...context, evidence, outcomes: { [volumeSnapshots.id]: [view] } };
}

/** Calls again and again, as the engine does, and gives what it came to. */
async function toTheEnd(bench: Bench, context: StepContext, keys: { sharingKeyId: string | null }) {
  const [item] = itemsOf(snapshotCopy, await snapshotCopy.plan(context, { evidenceAccount, evidenceKeyId, ...keys }));
  let result: CollectResult = await snapshotCopy.collect(context, item!, null);
  while (result.kind === "later") {
    await bench.clock.sleep(result.afterMs);
    result = await snapshotCopy.collect({ ...context, now: bench.clock.now() }, item!, result.progress);
  }
  return { item: item!, artifacts: result.artifacts };
}

it("copies a snapshot when it is completed, under the evidence account's key, and says where it comes from", () =>
  onRange({}, async (bench) => {
    const context = await withEvidenceAccount(bench);
    const { item, artifacts } = await toTheEnd(bench, context, { sharingKeyId: null });
    const [copy] = [...bench.range.world.place(evidenceAccount, bench.target.region).region.snapshots.values()];
    expect(artifacts).toMatchObject([
      {
        kind: "volume-snapshot-copy",
        location: `arn:aws:ec2:eu-central-1::snapshot/${copy!.id}`,
        lineage: { copyOf: item.resource, account: evidenceAccount, kmsKeyId: evidenceKeyId },
      },
    ]);
    expect(await snapshotCopy.verify(context, item, artifacts)).toMatchObject({ kind: "ok" });
    expect(bench.place.region.snapshots.size).toBe(1);
  }));

it("encrypts anew what lies under the AWS-managed key, and refuses without a key for that", () =>
  onRange({}, async (bench) => {
    const root = bench.place.region.volumes.get(instanceOf(bench).blockDevices[0]!.volumeId)!;
    Object.assign(root, { encrypted: true, kmsKeyId: awsManagedEbsKey(bench.place) });
    const context = await withEvidenceAccount(bench);
    const [taken] = [...bench.place.region.snapshots.values()];
    await expect(toTheEnd(bench, context, { sharingKeyId: null })).rejects.toMatchObject({
      awsCode: "OperationNotPermitted",
    });
    const { item, artifacts } = await toTheEnd(bench, context, { sharingKeyId });
    const [, reencrypted] = [...bench.place.region.snapshots.values()];
    expect(reencrypted).toMatchObject({ kmsKeyId: sharingKeyId, sharedWith: [evidenceAccount] });
    expect(taken!.sharedWith).toEqual([]);
    expect(artifacts).toMatchObject([{ lineage: { copyOf: taken!.id, volumeId: root.id } }]);
    expect(item.resource).toBe(taken!.id);
  }));

it("does not wait for a snapshot that somebody deleted, and verify does not call it saved", () =>
  onRange({}, async (bench) => {
    const context = await withEvidenceAccount(bench);
    const plan = await snapshotCopy.plan(context, { evidenceAccount, evidenceKeyId, sharingKeyId: null });
    const [item] = itemsOf(snapshotCopy, plan);
    bench.place.region.snapshots.clear();
    expect(await snapshotCopy.collect(context, item!, null)).toEqual({ kind: "collected", artifacts: [] });
    expect(await snapshotCopy.verify(context, item!, [])).toMatchObject({ kind: "notYet", observed: "AWS shows none" });
  }));

it("leaves everything where no evidence account is configured", () =>
  onRange({}, async (bench) => {
    const plan = await snapshotCopy.plan(bench.context, { evidenceAccount, evidenceKeyId, sharingKeyId: null });
    expect(plan).toEqual({
      items: [],
      left: [{ resource: bench.target.instanceId, reason: "no role in an evidence account is configured" }],
    });
  }));
