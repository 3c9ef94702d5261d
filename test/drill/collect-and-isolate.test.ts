import { describe, expect, it } from "vitest";
import { shippedPlaybooks } from "../../bench/playbooks.ts";
import { runDrill } from "../../src/cli/drill/run.ts";
import type { DrillReport } from "../../src/cli/drill/report.ts";
import type { FaultRule } from "../../src/range/faults.ts";
import type { ServedCall } from "../../src/range/front.ts";
import type { Range } from "../../src/range/range.ts";
import { createLaboratory, openCase, shippedPlaybook } from "../engine/harness.ts";
import { manageTarget, type ManagedOptions } from "../steps/managed.ts";

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
  range.calls.filter(({ operation }) => !/^(Describe|Get|List)/.test(operation));

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
          const [next] = laboratory.range.calls
            .slice(died)
            .filter(({ operation }) => !/^(Describe|Get|List)/.test(operation));
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
