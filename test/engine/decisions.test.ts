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
    decisions: (id) => (journals.get(id) ?? []).flatMap(({ body }) => (body.type === "approval.decided" ? [body] : [])),
  };
}

const approvers = { responders: ["ada"] };

it("a yes about a role counts in every open case that asks the same, and says where it was given", async () => {
  const { runner, decisions } = asking("a", "b", "c");
  const wish = { caseId: "a", decision: "approve", reason: null, by: ada } as const;
  const { approval, alsoIn } = await decideStage(runner, wish, approvers);
  expect(approval.state).toBe("approved");
  expect(alsoIn).toEqual(["b", "c"]);
  expect(decisions("b")).toMatchObject([{ decision: "approve", reason: "as decided in a" }]);
});

it("a no is said of one case, and the others go on asking", async () => {
  const { runner, decisions } = asking("a", "b");
  const wish = { caseId: "a", decision: "reject", reason: "a false alarm on i-a", by: ada } as const;
  const { approval, alsoIn } = await decideStage(runner, wish, approvers);
  expect(approval.state).toBe("rejected");
  expect(alsoIn).toEqual([]);
  expect(decisions("b")).toEqual([]);
});
