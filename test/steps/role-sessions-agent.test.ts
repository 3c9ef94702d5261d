import { describe, expect, it } from "vitest";
import { approvalLines, beyondApproval } from "../../src/core/approval.ts";
import type { Json } from "../../src/core/json.ts";
import type { Stage } from "../../src/core/playbook.ts";
import type { ChangeView, Claim, Ledger, StepContext } from "../../src/core/step.ts";
import { reconcileDenyPolicy } from "../../src/steps/contain/deny-sessions-claims.ts";
import { agentExceptedUntil, policyDenies, type SessionDeny } from "../../src/steps/contain/deny-sessions-policy.ts";
import { roleSessions } from "../../src/steps/contain/role-sessions.ts";
import { onRange, type Bench } from "./bench.ts";

const ROLE = "arn:aws:iam::111122223333:role/payroll-worker";
const QUARTER_OF_AN_HOUR_MS = 900_000;

const arn = (id: string): string => `arn:aws:ec2:eu-central-1:111122223333:instance/${id}`;
const claim = (id: string, agentForMs: number | null, caseId = "case-a"): Claim => ({
  resource: ROLE,
  step: "contain.role-sessions",
  member: arn(id),
  case: caseId,
  value: { deny: "instance", instanceArn: arn(id), ...(agentForMs === null ? {} : { agentForMs }) },
  until: null,
});

/** Writes claims onto the role at a time, with what the ledger kept of the time before. */
class Role {
  #kept: { readonly original: Json; readonly ours: Json } | null = null;
  readonly #bench: Bench;

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  async write(now: number, ...claims: readonly Claim[]): Promise<string> {
    const ledger: Ledger = {
      claims,
      asked: [],
      original: this.#kept?.original ?? null,
      ours: this.#kept?.ours ?? null,
      save: (next) => Promise.resolve(void (this.#kept = JSON.parse(JSON.stringify(next)) as typeof next)),
    };
    await reconcileDenyPolicy({ ...this.#bench.context, now }, ROLE, ledger);
    return this.#bench.place.account.roles.get("payroll-worker")?.inlinePolicies.get("CordonDenySessions")?.text ?? "";
  }
}

describe("the time that an agent has", () => {
  it("is set when its claim is first written, and no later writing makes it longer", () =>
    onRange({ scenario: "stolen-credentials" }, async (bench) => {
      const role = new Role(bench);
      const begun = Date.parse("2026-01-15T12:00:00.400Z");
      const mine = claim("i-0aaaaaaaaaaaaaaa1", QUARTER_OF_AN_HOUR_MS);
      const other = claim("i-0aaaaaaaaaaaaaaa2", null);
      const first = await role.write(begun, mine);
      const later = await role.write(begun + 300_000, mine, other);
      expect(agentExceptedUntil(first, arn("i-0aaaaaaaaaaaaaaa1"))).toBe("2026-01-15T12:15:00Z");
      expect(agentExceptedUntil(later, arn("i-0aaaaaaaaaaaaaaa1"))).toBe("2026-01-15T12:15:00Z");
      const over = await role.write(begun + QUARTER_OF_AN_HOUR_MS, mine, other);
      expect(policyDenies(over, mine.value as SessionDeny)).toBe(true);
      expect(over).not.toContain("NotAction");
    }));

  it("is none where another case has cut the same instance without it", () =>
    onRange({ scenario: "stolen-credentials" }, async (bench) => {
      const mine = claim("i-0aaaaaaaaaaaaaaa1", QUARTER_OF_AN_HOUR_MS);
      const theirs = claim("i-0aaaaaaaaaaaaaaa1", null, "case-b");
      const written = await new Role(bench).write(1_768_478_400_000, mine, theirs);
      expect(policyDenies(written, theirs.value as SessionDeny)).toBe(true);
      expect(written).not.toContain("NotAction");
    }));

  it("takes no instance's place: where both have no room, the deny is whole", () =>
    onRange({ scenario: "stolen-credentials" }, async (bench) => {
      const claims = Array.from({ length: 120 }, (_, index) =>
        claim(`i-0aaaaaaaaaaaaa${String(index).padStart(3, "0")}`, QUARTER_OF_AN_HOUR_MS),
      );
      const written = await new Role(bench).write(1_768_478_400_000, ...claims);
      expect(claims.filter(({ value }) => policyDenies(written, value as SessionDeny))).toHaveLength(120);
      expect(written.length).toBeLessThanOrEqual(10_240);
    }));
});

describe("the exception is planned", () => {
  const view = (step: string, state: string): ChangeView => ({
    change: { id: "c", step, resource: "r", before: null, after: null },
    state,
    outcome: null,
    verifiedAt: null,
  });
  const forMs = async (bench: Bench, agent: string, outcomes: StepContext["outcomes"]) => {
    const { changes } = await roleSessions.plan({ ...bench.context, outcomes }, { agent });
    return (changes[0]!.after as { readonly agentForMs?: number }).agentForMs ?? null;
  };
  const asking = { "preserve.live-response": [view("preserve.live-response", "started")] };
  const answered = { "preserve.live-response": [view("preserve.live-response", "verified")] };
  const lent = { "preserve.collection-profile": [view("preserve.collection-profile", "started")] };

  it("while the system is asked, and when somebody says for how long", () =>
    onRange({ scenario: "stolen-credentials" }, async (bench) => {
      expect(await forMs(bench, "auto", asking)).toBe(QUARTER_OF_AN_HOUR_MS);
      expect(await forMs(bench, "10m", {})).toBe(600_000);
    }));

  it("not when nothing is asked, when all is answered, when a profile was lent, or when it is forbidden", () =>
    onRange({ scenario: "stolen-credentials" }, async (bench) => {
      expect(await forMs(bench, "auto", {})).toBeNull();
      expect(await forMs(bench, "auto", answered)).toBeNull();
      expect(await forMs(bench, "10m", answered)).toBeNull();
      expect(await forMs(bench, "auto", { ...asking, ...lent })).toBeNull();
      expect(await forMs(bench, "10m", { ...asking, ...lent })).toBeNull();
      expect(await forMs(bench, "never", asking)).toBeNull();
    }));

  it("the same when it is planned again, so that what people agreed to stays what it is", () =>
    onRange({ scenario: "stolen-credentials" }, async (bench) => {
      const planAt = async (now: number) =>
        (await roleSessions.plan({ ...bench.context, now, outcomes: asking }, { agent: "auto" })).changes;
      expect(await planAt(bench.clock.now() + 600_000)).toEqual(await planAt(bench.clock.now()));
    }));

  it("and its end voids no approval: what people agreed to is the deny", () =>
    onRange({ scenario: "stolen-credentials" }, async (bench) => {
      const linesWith = async (
        outcomes: Readonly<Record<string, readonly ChangeView[]>>,
      ): Promise<readonly string[]> => {
        const { changes } = await roleSessions.plan({ ...bench.context, outcomes }, { agent: "auto" });
        const stage = { id: "cut", around: null, steps: [] } as unknown as Stage;
        const whole = changes.map((each, index) => ({ ...each, id: String(index), step: roleSessions.id }));
        return approvalLines({ playbook: "p", stage, target: bench.target, changes: whole });
      };
      expect(beyondApproval(await linesWith(asking), await linesWith(answered))).toEqual([]);
    }));
});
