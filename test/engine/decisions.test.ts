import { expect, it } from "vitest";
import { approvalHash, approvalLines } from "../../src/core/approval.ts";
import { type CaseState, caseOf } from "../../src/core/case.ts";
import { type Actor, GENESIS, type Happening, type JournalEvent, seal } from "../../src/core/journal.ts";
import { decideStage } from "../../src/runners/decisions.ts";
import type { LocalRunner } from "../../src/runners/local.ts";
import { change, playbook, START } from "./decided.ts";

const ROLE = "arn:aws:iam::111122223333:role/payroll-worker";
const cordon: Actor = { kind: "cordon", id: "cordon", channel: "engine" };
const ada: Actor = { kind: "person", id: "ada", channel: "cli" };
const [stage] = playbook([
  {
    id: "deny-role",
    steps: ["contain.deny"],
    approval: { of: "responders", required: 1, within: "30m", always: true },
  },
]).stages;

/** Cases that ask the same about one role, in a runner that keeps their journals and does nothing. */
function asking(...ids: readonly string[]): {
  readonly runner: LocalRunner;
  decisions(id: string): readonly unknown[];
  hashIn(id: string): string;
  append(id: string, bodies: readonly Happening[], actor?: Actor): void;
} {
  const journals = new Map<string, readonly JournalEvent[]>();
  const append = (id: string, bodies: readonly Happening[], actor: Actor): void => {
    const before = journals.get(id) ?? [];
    const at = { case: id, sequence: before.length, previous: before.at(-1)?.hash ?? GENESIS, now: START };
    journals.set(id, [
      ...before,
      ...seal(
        bodies.map((body) => ({ actor, body })),
        at,
      ),
    ]);
  };
  for (const id of ids) {
    const target = { account: "111122223333", region: "eu-west-1", instanceId: `i-${id}` };
    const changes = [change(`contain.deny/${ROLE}`)];
    const lines = approvalLines({ playbook: "p", stage: stage!, target, changes });
    const opened = { incident: "i", playbook: "p", verdict: "compromised", reason: "r", orderedBy: null } as const;
    const asked = { of: "responders", required: 1, deadline: new Date(START + 60_000).toISOString() };
    append(
      id,
      [
        { type: "case.opened", target, ...opened, nonce: "n", findings: [] },
        { type: "approval.asked", stage: "deny-role", hash: approvalHash(lines), ...asked, lines },
      ],
      cordon,
    );
  }
  const runner = {
    cases: () => Promise.resolve(ids),
    load: (id: string): Promise<CaseState> => Promise.resolve(caseOf(journals.get(id) ?? [])),
    append: (id: string, bodies: readonly Happening[], actor: Actor) => Promise.resolve(append(id, bodies, actor)),
  };
  return {
    runner: runner as unknown as LocalRunner,
    hashIn: (id) => caseOf(journals.get(id) ?? []).approvals.get("deny-role")?.hash ?? "",
    append: (id, bodies, actor = cordon) => append(id, bodies, actor),
    decisions: (id) => (journals.get(id) ?? []).flatMap(({ body }) => (body.type === "approval.decided" ? [body] : [])),
  };
}

const approvers = { responders: ["ada"] };

it("a yes about a role counts in every open case that asks the same, and says where it was given", async () => {
  const { runner, decisions, hashIn } = asking("a", "b", "c");
  const wish = { caseId: "a", decision: "approve", hash: hashIn("a"), reason: null, by: ada } as const;
  const { approval, alsoIn } = await decideStage(runner, wish, approvers);
  expect(approval.state).toBe("approved");
  expect(alsoIn).toEqual(["b", "c"]);
  expect(decisions("b")).toMatchObject([{ decision: "approve", reason: "as decided in a" }]);
});

it("a no is said of one case, and the others go on asking", async () => {
  const { runner, decisions } = asking("a", "b");
  const wish = { caseId: "a", decision: "reject", hash: null, reason: "a false alarm on i-a", by: ada } as const;
  const { approval, alsoIn } = await decideStage(runner, wish, approvers);
  expect(approval.state).toBe("rejected");
  expect(alsoIn).toEqual([]);
  expect(decisions("b")).toEqual([]);
});

/** What a yes given in case `a` comes to in case `b`, after something happened there. */
async function carried(happenedInB: readonly Happening[], people = approvers): Promise<readonly string[]> {
  const { runner, hashIn, append } = asking("a", "b");
  append("b", happenedInB);
  const wish = { caseId: "a", decision: "approve", hash: hashIn("a"), reason: null, by: ada } as const;
  return (await decideStage(runner, wish, people)).alsoIn;
}

it("a yes is not carried into a settled case or one that is being released", async () => {
  expect(await carried([])).toEqual(["b"]);
  expect(await carried([{ type: "case.settled", status: "partial" }])).toEqual([]);
  expect(await carried([{ type: "release.asked", reason: null }])).toEqual([]);
});

it("a yes is not carried where the person may not decide", async () => {
  const { runner, decisions, hashIn, append } = asking("a", "b");
  const lines = caseOfB(await runner.load("b"));
  append("b", [
    {
      type: "approval.asked",
      stage: "deny-role",
      hash: approvalHash(lines),
      of: "managers",
      required: 1,
      deadline: "2026-01-15T13:00:00.000Z",
      lines,
    },
  ]);
  const wish = { caseId: "a", decision: "approve", hash: hashIn("a"), reason: null, by: ada } as const;
  expect((await decideStage(runner, wish, { ...approvers, managers: ["grace"] })).alsoIn).toEqual([]);
  expect(decisions("b")).toEqual([]);
});

const caseOfB = (state: CaseState): readonly string[] => state.approvals.get("deny-role")?.lines ?? [];

it("a yes that names no hash, another one or too little of it decides nothing", async () => {
  const { runner, decisions, hashIn } = asking("a");
  const wish = { caseId: "a", decision: "approve", reason: null, by: ada } as const;
  const hashes = [undefined as unknown as null, null, "0".repeat(64), hashIn("a").slice(0, 15), ""];
  for (const hash of hashes)
    await expect(decideStage(runner, { ...wish, hash }, approvers)).rejects.toMatchObject({ code: "approval_changed" });
  expect(decisions("a")).toEqual([]);
  await decideStage(runner, { ...wish, hash: hashIn("a").slice(0, 16) }, approvers);
  expect(decisions("a")).toHaveLength(1);
});

it("an approval that changed after it was read says what changed", async () => {
  const { runner, decisions, hashIn, append } = asking("a");
  const read = hashIn("a");
  const [frame = "", first = ""] = caseOfB(await runner.load("a"));
  const lines = [frame, first, first.replace(":role", ":other-role")];
  append("a", [
    {
      type: "approval.asked",
      stage: "deny-role",
      hash: approvalHash(lines),
      of: "responders",
      required: 1,
      deadline: "2026-01-15T13:00:00.000Z",
      lines,
    },
  ]);
  const wish = { caseId: "a", decision: "approve", hash: read, reason: null, by: ada } as const;
  await expect(decideStage(runner, wish, approvers)).rejects.toMatchObject({
    code: "approval_changed",
    particulars: {
      changes: "asked besides: contain.deny on arn:aws:iam::111122223333:other-role: null",
    },
  });
  expect(decisions("a")).toEqual([]);
});
