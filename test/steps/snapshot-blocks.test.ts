import { expect, it } from "vitest";
import { createClients } from "../../src/aws/clients.ts";
import { readBlock, writtenBlocks, type WrittenBlock } from "../../src/aws/snapshot-blocks.ts";
import type { Sender } from "../../src/aws/sender.ts";
import type { WireResponse } from "../../src/range/wire/request.ts";
import { inProcessHandler } from "../../src/range/wire/request-handler.ts";
import { tokenFor } from "../../src/range/services/ebs/tokens.ts";
import { startSnapshot } from "../../src/range/world/build-storage.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { fillVolume } from "../../src/range/world/volume-blocks.ts";
import { onRange, type Bench, type BenchOptions } from "./bench.ts";
import { smallRoot } from "./disk-image-lab.ts";

/** A completed snapshot of a disk with so many written blocks. */
async function snapshotOf(bench: Bench, { sizeGiB, count }: { sizeGiB: number; count: number }): Promise<string> {
  const root = smallRoot(bench, sizeGiB);
  fillVolume(root, count);
  const { id, completesAt } = startSnapshot(bench.place, root);
  await bench.clock.sleep(completesAt - bench.clock.now());
  return id;
}

function onSnapshot(
  { sizeGiB = 1, count = 6, ...options }: BenchOptions & { readonly sizeGiB?: number; readonly count?: number },
  test: (bench: Bench, id: string, ebs: Sender) => Promise<void>,
) {
  return onRange(options, async (bench) => {
    const id = await snapshotOf(bench, { sizeGiB, count });
    await test(bench, id, bench.context.aws.ebs);
  });
}

async function listed(ebs: Sender, id: string, from = 0): Promise<readonly WrittenBlock[]> {
  const blocks: WrittenBlock[] = [];
  for await (const block of writtenBlocks(ebs, id, from)) blocks.push(block);
  return blocks;
}

/** Clients whose answers are changed on their way where they bring blocks, counted from 1. */
function changedOnTheWay({ range, clock, target }: Bench, change: (answer: WireResponse, nth: number) => WireResponse) {
  let answers = 0;
  const handler = inProcessHandler(async (request) => {
    const answer = await range.handle(request);
    return request.path.includes("/blocks/") ? change(answer, ++answers) : answer;
  });
  const settings = { region: target.region, credentials: range.responder, requestHandler: handler, clock };
  return createClients({ ...settings, random: seededRandom(1) }).observed(() => {}, new AbortController().signal).ebs;
}

function withOneBitFlipped(answer: WireResponse): WireResponse {
  const body = Uint8Array.from(answer.body);
  body[1000] = (body[1000] ?? 0) ^ 1;
  return { ...answer, body };
}

it("lists the written blocks of a large disk over pages of which some are empty, and from any block on", () =>
  onSnapshot({ sizeGiB: 40, count: 1500 }, async (bench, id, ebs) => {
    const all = await listed(ebs, id);
    expect(all).toHaveLength(1500);
    expect([all[0]?.index, all[1]?.index, all.at(-1)?.index]).toEqual([0, 54, 81_865]);
    expect((await listed(ebs, id, 81_000)).map(({ index }) => index)).toEqual(
      all.map(({ index }) => index).filter((index) => index >= 81_000),
    );
    expect(bench.operations().length).toBeGreaterThan(5);
  }));

it("asks for pages only as far as they are needed", () =>
  onSnapshot({ sizeGiB: 40, count: 1500 }, async (bench, id, ebs) => {
    bench.operations();
    for await (const { index } of writtenBlocks(ebs, id, 0)) if (index > 100) break;
    expect(bench.operations()).toEqual(["ListSnapshotBlocks"]);
  }));

it(
  "gives up a list that never ends",
  () =>
    onSnapshot({ isEndless: true }, async (_bench, id, ebs) => {
      await expect(listed(ebs, id)).rejects.toMatchObject({ code: "list_without_end" });
    }),
  120_000,
);

it("reads a block whose token has ended by a fresh one", () =>
  onSnapshot({}, async (bench, id, ebs) => {
    const { range, clock } = bench;
    const token = tokenFor({ kind: "block", snapshotId: id, index: 0 }, clock.now() - 8 * 86_400_000);
    bench.operations();
    expect(await readBlock(ebs, id, { index: 0, token })).toHaveLength(524_288);
    expect(bench.operations()).toEqual(["GetSnapshotBlock", "ListSnapshotBlocks", "GetSnapshotBlock"]);
    expect(range.calls.map(({ error }) => error).filter((error) => error !== null)).toEqual(["ValidationException"]);
  }));

it("asks again for a block that came damaged or broke off, and takes none that stays so", () =>
  onSnapshot({}, async (bench, id, ebs) => {
    const [first] = await listed(ebs, id);
    const whole = Buffer.from(await readBlock(ebs, id, first!));
    const once = changedOnTheWay(bench, (answer, nth) => (nth === 1 ? withOneBitFlipped(answer) : answer));
    expect(whole.equals(await readBlock(once, id, first!))).toBe(true);
    const cut = changedOnTheWay(bench, (answer, nth) =>
      nth === 1 ? { ...answer, body: answer.body.subarray(0, 1000) } : answer,
    );
    expect(whole.equals(await readBlock(cut, id, first!))).toBe(true);
    const always = changedOnTheWay(bench, withOneBitFlipped);
    await expect(readBlock(always, id, first!)).rejects.toMatchObject({
      awsCode: "AnswerUnreadable",
      isTransient: true, // The engine tries again, eight times at most, and then tells this reason.
      message: `ebs:GetSnapshotBlock on ${id} failed: AnswerUnreadable: block 0 is not what its SHA-256 says, 3 times in a row`,
    });
  }));

it("says that the snapshot is gone, and who may not use its key", () =>
  onSnapshot({}, async ({ place, range, clock }, id, ebs) => {
    const [first] = await listed(ebs, id);
    const snapshot = place.region.snapshots.get(id)!;
    Object.assign(snapshot, { encrypted: true, kmsKeyId: "arn:aws:kms:eu-central-1:111122223333:key/k" });
    range.responder.setResponderPolicy({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: ["ebs:*"], Resource: "*" }],
    });
    await clock.sleep(60_000);
    await expect(readBlock(ebs, id, first!)).rejects.toMatchObject({
      code: "access_denied",
      message: expect.stringContaining("kms:Decrypt"),
    });
    place.region.snapshots.delete(id);
    await expect(listed(ebs, id)).rejects.toMatchObject({ code: "snapshot_unreadable" });
    await expect(readBlock(ebs, id, first!)).rejects.toMatchObject({ code: "snapshot_unreadable" });
  }));
