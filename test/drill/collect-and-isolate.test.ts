import { describe, expect, it } from "vitest";
import { onlyReads } from "../../src/aws/attempts.ts";
import { createClients } from "../../src/aws/clients.ts";
import type { SimulatedClock } from "../../src/core/clock.ts";
import type { Vault } from "../../src/core/vault.ts";
import { createResponder } from "../../src/range/responder.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { evidenceBucket } from "../../src/range/world/s3.ts";
import { s3Vault } from "../../src/vault/s3.ts";
import { verifyEvidence } from "../../src/vault/verification.ts";
import { shippedPlaybooks } from "../../bench/playbooks.ts";
import { runDrill } from "../../src/cli/drill/run.ts";
import type { DrillReport } from "../../src/cli/drill/report.ts";
import type { FaultRule } from "../../src/range/faults.ts";
import type { ServedCall } from "../../src/range/front.ts";
import type { Range } from "../../src/range/range.ts";
import { createLaboratory, openCase, shippedPlaybook } from "../engine/harness.ts";
import { manageTarget, type ManagedOptions } from "../steps/managed.ts";
import { captureTarget, memorySettings } from "../steps/memory.ts";

const playbooks = shippedPlaybooks()
  .filter(({ id }) => id === "collect-and-isolate")
  .map((each) => ({ ...each, answers: ["*"] })); // Chosen by name in life.

interface Drilled extends DrillReport {
  readonly range: Range;
}

/** The agent cannot work with the workload's own profile, and can with the restricted one. */
const usual: ManagedOptions = { worksAlready: false };

async function drill(
  options: {
    readonly faults?: readonly FaultRule[];
    readonly managed?: ManagedOptions;
    readonly release?: boolean;
  } = {},
): Promise<Drilled> {
  const staged: Range[] = [];
  const report = await runDrill({
    scenario: "c2-beacon",
    seed: 7,
    playbooks,
    release: options.release ?? false,
    prepare(range) {
      staged.push(range);
      manageTarget(range, options.managed ?? usual);
      for (const fault of options.faults ?? []) range.faults.inject(fault);
    },
  });
  return { ...report, range: staged[0]! };
}

/** What Cordon sent that is no mere read, until somebody released the case. */
const acts = ({ range }: Pick<Drilled, "range">): readonly ServedCall[] =>
  range.calls.filter(({ operation }) => !onlyReads(operation));

/** The operations in their order, each run of the same one written once. */
function inOrder(calls: readonly ServedCall[]): readonly string[] {
  const names = calls.map(({ operation }) => operation);
  return names.filter((name, index) => name !== names[index - 1]);
}

/** When each stage ended, in milliseconds after the receipt. */
function endedAt({ events, receivedAt }: Drilled): Readonly<Record<string, number>> {
  return Object.fromEntries(
    events.flatMap(({ time, body }) =>
      body.type === "stage.ended" ? [[body.stage, Date.parse(time) - receivedAt]] : [],
    ),
  );
}

const PROTECTION = ["ModifyInstanceAttribute"];
const QUARANTINE = ["ModifyNetworkInterfaceAttribute", "CreateNetworkAclEntry", "PutRolePolicy"];

/** What happens to the instance, whatever else is sent: every step that the order of the playbook is about. */
function milestones(report: Drilled): readonly string[] {
  const calls = acts(report).filter(
    ({ operation }) => operation !== "CreateSnapshots" && operation !== "CreateTags" && !/Throttle/.test(operation),
  );
  const named = calls.map((call) => ({
    ...call,
    operation: PROTECTION.includes(call.operation)
      ? "protect"
      : QUARANTINE.includes(call.operation)
        ? "quarantine"
        : call.operation,
  }));
  return inOrder(named);
}

const WHOLE_ORDER = [
  "protect",
  "ReplaceIamInstanceProfileAssociation", // The present profile goes, the restricted one comes.
  "SendCommand",
  "DisassociateIamInstanceProfile",
  "quarantine",
];

describe("collect-and-isolate", () => {
  it("touches nothing until the evidence is there, then goes in its order to the quarantine and the notice", async () => {
    const report = await drill();
    expect(inOrder(acts(report))[0]).toBe("CreateSnapshots");
    expect(milestones(report)).toEqual(WHOLE_ORDER);
    const first = acts(report).find(({ operation }) => operation !== "CreateSnapshots")!;
    const saved = report.events.filter(({ body }) => body.type === "artifact.stored" && body.item !== null);
    const before = saved.filter(({ time }) => Date.parse(time) <= first.at);
    const kinds = before.flatMap(({ body }) => (body.type === "artifact.stored" ? [body.kind] : []));
    expect(new Set(kinds)).toEqual(
      new Set(["instance-metadata", "console-screenshot", "console-output", "volume-snapshot"]),
    );
    const told = report.events.flatMap(({ body }) =>
      body.type === "stage.ended" ? [`${body.stage} ${body.outcome}`] : [],
    );
    expect(told.slice(0, 4)).toEqual(["save done", "protect done", "collect done", "cut done"]);
    expect(report.result.attackers.every(({ cut }) => cut)).toBe(true);
  });

  it("brings what the running system says, each command with its hash and its exit code", async () => {
    const { events } = await drill();
    const answers = events.flatMap(({ body }) =>
      body.type === "artifact.stored" && body.kind === "live-response" ? [body] : [],
    );
    expect(answers).toHaveLength(14);
    expect(
      answers.every(({ sha256, lineage }) => sha256 !== null && (lineage as { exitCode: number }).exitCode === 0),
    ).toBe(true);
  });

  it("gives the instance its own profile back on release, once, and leaves no other difference", async () => {
    const report = await drill({ release: true });
    expect(report.result.released?.ok).toBe(true);
    const given = report.range.calls.filter(({ operation }) => operation === "AssociateIamInstanceProfile");
    expect(given.map(({ input }) => (input["IamInstanceProfile"] as { readonly Arn: string }).Arn)).toEqual([
      "arn:aws:iam::111122223333:instance-profile/payroll-worker",
    ]);
  });
});

/** The bucket lies in the account for evidence, and the host has a way to S3. */
async function drillWithMemory(
  managed: Parameters<typeof captureTarget>[1] = {},
): Promise<Drilled & { readonly vault: Vault; readonly clock: SimulatedClock }> {
  const staged: { range: Range; vault: Vault; clock: SimulatedClock }[] = [];
  const report = await runDrill({
    scenario: "c2-beacon",
    seed: 7,
    playbooks,
    release: false,
    settings: () => memorySettings,
    prepare: (range) => void captureTarget(range, { ...usual, ...managed }),
    vault(range, clock) {
      const vault = bucketIn(range, clock);
      staged.push({ range, vault, clock });
      return vault;
    },
  });
  return { ...report, ...staged[0]! };
}

function bucketIn(range: Range, clock: SimulatedClock): Vault {
  const place = range.world.place("444455556666", "eu-central-1");
  evidenceBucket(range.world, { account: place.account.id, region: place.region.name, name: "evidence-444455556666" });
  const { presigner, observed } = createClients({
    region: place.region.name,
    credentials: createResponder(place),
    requestHandler: range.requestHandler(),
    clock,
    random: seededRandom(2),
  });
  const sender = (signal: AbortSignal) => observed(() => {}, signal).s3;
  return s3Vault({ bucket: "evidence-444455556666", clock, random: seededRandom(3), presigner, sender });
}

describe("the memory", () => {
  it("is captured before anything is asked of the running system, and the cut follows both", async () => {
    const report = await drillWithMemory();
    const stored = report.events.flatMap(({ body }) => (body.type === "artifact.stored" ? [body] : []));
    const memory = stored.filter(({ kind }) => kind === "memory");
    expect(memory).toHaveLength(1);
    expect(memory[0]).toMatchObject({ bytes: 100_032, lineage: { verified: true, format: "LiME" } });
    expect(stored.filter(({ kind }) => kind === "live-response")).toHaveLength(14);
    const sent = report.range.calls.filter(({ operation }) => operation === "SendCommand");
    expect(sent[0]?.input["Comment"]).toMatch(/^cordon memory /);
    const laid = report.range.calls.find(({ operation }) => operation === "CompleteMultipartUpload");
    expect(sent[1]!.at).toBeGreaterThan(laid!.at);
    const targetOnly = report.range.calls.filter(({ service }) => service !== "s3");
    expect(milestones({ ...report, range: { ...report.range, calls: targetOnly } })).toEqual(WHOLE_ORDER);
    expect(report.result.attackers.every(({ cut }) => cut)).toBe(true);
    expect(await report.clock.run(() => verifyEvidence(report.vault, report.events))).toMatchObject({ ok: true });
  });

  it.each<[string, Parameters<typeof captureTarget>[1], RegExp]>([
    ["its kernel is locked down", { lockdown: "confidentiality" }, /locked down/],
    ["it has no way to the bucket", { withoutS3: true }, /part 1 was not taken/],
  ])("leaves nothing behind and holds nobody up where %s", async (_name, managed, reason) => {
    const report = await drillWithMemory(managed);
    const failed = report.events.flatMap(({ body }) =>
      body.type === "change.failed" && body.change.startsWith("preserve.memory-capture") ? [body.message] : [],
    );
    expect(failed).toEqual([expect.stringMatching(reason)]);
    expect(report.events.filter(({ body }) => body.type === "artifact.stored" && body.kind === "memory")).toEqual([]);
    expect(await report.clock.run(() => report.vault.parts.unfinished(""))).toEqual([]);
    expect(
      report.events.filter(({ body }) => body.type === "artifact.stored" && body.kind === "live-response"),
    ).toHaveLength(14);
    expect(report.result.attackers.every(({ cut }) => cut)).toBe(true);
  });

  it("is left, with the reason, where evidence does not lie in a bucket", async () => {
    const { events } = await drill();
    const left = events.flatMap(({ body }) =>
      body.type === "step.planned" && body.step === "preserve.memory-capture" ? body.left : [],
    );
    expect(left.map(({ reason }) => reason)).toEqual([expect.stringContaining("gives no links")]);
  });
});

describe.each(["CreateSnapshots", "GetConsoleScreenshot", "GetConsoleOutput", "DescribeVolumes"])(
  "when %s",
  (operation) => {
    it.each(["error", "late"] as const)(
      "answers only with %s, the rest goes on after two minutes at most",
      async (kind) => {
        const report = await drill({ faults: [{ kind, operation, times: Infinity, lateMs: 3_600_000 }] });
        expect(endedAt(report)["save"]).toBeLessThanOrEqual(121_000);
        // CreateSnapshots that hang are begun all the same: the effect of a call whose answer is lost.
        expect(
          milestones(report)
            .filter((name) => name !== "CreateSnapshots")
            .slice(0, 2),
        ).toEqual(WHOLE_ORDER.slice(0, 2));
        expect(milestones(report).at(-1)).toBe("quarantine");
        const reasons = report.events.filter(({ body }) =>
          ["act.postponed", "change.failed", "step.failed"].includes(body.type),
        );
        expect(
          reasons.length + report.events.filter(({ body }) => body.type === "artifact.stored").length,
        ).toBeGreaterThan(0);
        expect(report.result.attackers.every(({ cut }) => cut)).toBe(true);
      },
    );
  },
);

describe("the restricted profile", () => {
  it.each<[string, readonly FaultRule[], ManagedOptions]>([
    ["the agent never comes", [], { ...usual, withoutEndpoints: true, isDiskFull: true }],
    ["no command is answered", [{ kind: "error", operation: "GetCommandInvocation", times: Infinity }], usual],
    ["no command can be sent", [{ kind: "access-denied", operation: "SendCommand", times: Infinity }], usual],
    [
      "the calls hang",
      [{ kind: "late", operation: "GetCommandInvocation", times: Infinity, lateMs: 3_600_000 }],
      usual,
    ],
  ])("is gone within ten minutes and the cut follows where %s", async (_name, faults, managed) => {
    const report = await drill({ faults, managed });
    const ended = endedAt(report);
    expect(ended["collect"]! - ended["protect"]!).toBeLessThanOrEqual(605_000);
    const names = milestones(report);
    expect(names.slice(-2)).toEqual(["DisassociateIamInstanceProfile", "quarantine"]);
    expect(report.result.attackers.every(({ cut }) => cut)).toBe(true);
  });

  it.each(["crash-before", "crash-after"] as const)(
    "is gone when the process dies (%s) while it is lent",
    async (kind) => {
      const playbook = shippedPlaybook("collect-and-isolate");
      const laboratory = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook });
      const { instance, place } = manageTarget(laboratory.range, usual);
      laboratory.range.faults.inject({ kind, operation: "SendCommand", nth: 3 });
      try {
        await laboratory.clock.run(async () => {
          const first = laboratory.live();
          const caseId = await openCase(laboratory, first, playbook);
          await Promise.race([first.runner.work(caseId, { signal: laboratory.signal }), first.death]);
          expect(instance.profileAssociation?.profileArn).toMatch(/CordonCollection$/);
          await laboratory.clock.sleep(3_600_000); // Nobody looks after it for an hour.
          const died = laboratory.range.calls.length;
          const second = laboratory.live({ isDead: () => true });
          await second.runner.work(caseId, { signal: laboratory.signal, until: laboratory.clock.now() + 900_000 });
          const [next] = laboratory.range.calls.slice(died).filter(({ operation }) => !onlyReads(operation));
          expect(next?.operation).toBe("DisassociateIamInstanceProfile");
          expect(place.region.instances.get(instance.id)?.profileAssociation).toBeNull();
          expect((await second.runner.load(caseId)).stages.get("cut")?.outcome).toBe("done");
        });
      } finally {
        laboratory.close();
      }
    },
  );
});
