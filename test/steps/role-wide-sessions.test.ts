import { describe, expect, it } from "vitest";
import type { Json } from "../../src/core/json.ts";
import type { ChangeView, Claim, Ledger, StepContext } from "../../src/core/step.ts";
import { reconcileDenyPolicy } from "../../src/steps/contain/deny-sessions-claims.ts";
import type { SessionDeny } from "../../src/steps/contain/deny-sessions-policy.ts";
import { instanceProfile } from "../../src/steps/contain/instance-profile.ts";
import { roleWideSessions } from "../../src/steps/contain/role-wide-sessions.ts";
import { onRange, type Bench } from "./bench.ts";

const ROLE = "arn:aws:iam::111122223333:role/payroll-worker";
const NOBODY = { policy: "CordonDenySessions", denied: ["i-0bbbbbbbbbbbbbbbb"], writtenAt: 1 };

/** A change of another step as a case has it. */
const view = (resource: string, after: Json, more: Partial<ChangeView>): ChangeView => ({
  change: { id: resource, step: "", resource, before: null, after },
  state: "verified",
  outcome: null,
  verifiedAt: null,
  ...more,
});

/** The case of the target: what became of its deny by name, and when its profile was seen to be gone. */
function caseOf({ context, target }: Bench, deny: Json, profileGoneAt: number | null): StepContext {
  const instanceArn = `arn:aws:ec2:${target.region}:${target.account}:instance/${target.instanceId}`;
  const gone = profileGoneAt === null ? [] : [view(target.instanceId, null, { verifiedAt: profileGoneAt })];
  const named = view(ROLE, { deny: "instance", instanceArn }, { state: "failed", outcome: deny });
  return { ...context, outcomes: { "contain.role-sessions": [named], "contain.instance-profile": gone } };
}

/** The claims on the role and what the ledger keeps, written at a time. */
class Role {
  claims: readonly Claim[] = [];
  #kept: { readonly original: Json; readonly ours: Json } | null = null;
  readonly #bench: Bench;

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  async write(now: number): Promise<Json> {
    const ledger: Ledger = {
      claims: this.claims,
      asked: [],
      original: this.#kept?.original ?? null,
      ours: this.#kept?.ours ?? null,
      save: (next) => Promise.resolve(void (this.#kept = JSON.parse(JSON.stringify(next)) as typeof next)),
    };
    return reconcileDenyPolicy({ ...this.#bench.context, now }, ROLE, ledger);
  }

  get policy(): string {
    return this.#bench.place.account.roles.get("payroll-worker")?.inlinePolicies.get("CordonDenySessions")?.text ?? "";
  }
}

const claim = (member: string, value: SessionDeny, until: number | null = null): Claim => ({
  resource: ROLE,
  step: "contain.role-sessions",
  member,
  case: `case of ${member}`,
  value,
  until,
});

const wide = (instance: string, tokensUntil: string): Claim =>
  claim("every-session", {
    deny: "role",
    instanceArn: `arn:aws:ec2:eu-west-1:111122223333:instance/${instance}`,
    tokensUntil,
  });

const at = (time: string): number => Date.parse(`2026-01-15T${time}Z`);

describe("a role whose policy has no room", () => {
  it("is to be denied by the time of the token, with whom that hits besides, in the same words for every case", () =>
    onRange({ variants: ["neighbour"] }, async (bench) => {
      const { changes, left } = await roleWideSessions.plan(caseOf(bench, NOBODY, at("12:00:10")), {});
      const neighbour = [...bench.place.region.instances.values()].find(({ tags }) =>
        tags.some(({ value }) => value === "payroll-neighbour"),
      );
      expect(left).toEqual([]);
      expect(changes).toMatchObject([
        {
          resource: ROLE,
          after: { deny: "role", tokensUntil: "2026-01-15T12:00:10.000Z" },
          approves: { deny: "every session of the role from before the deny" },
          claim: { member: "every-session" },
          blastRadius: {
            what: `Every session of ${ROLE} from before the deny fails until it is renewed: all instances with this role, in every Region, and whoever else assumed it`,
            resources: [],
            presently: [neighbour?.id],
          },
        },
      ]);
      expect(JSON.stringify([changes[0]?.approves, changes[0]?.blastRadius?.what])).not.toContain(
        bench.target.instanceId,
      );
    }));

  it("is left alone where the instance has its place in the policy", () =>
    onRange({}, async (bench) => {
      const denied = { ...NOBODY, denied: [bench.target.instanceId] };
      for (const outcome of [denied, { policy: "CordonDenySessions", writtenAt: 1 }, null])
        expect(await roleWideSessions.plan(caseOf(bench, outcome, 1), {})).toEqual({ changes: [], left: [] });
    }));

  it("is left alone while the instance has its profile, and can be denied when somebody else took that", () =>
    onRange({}, async (bench) => {
      const context = caseOf(bench, NOBODY, null);
      expect(await roleWideSessions.plan(context, {})).toEqual({
        changes: [],
        left: [{ resource: ROLE, reason: "the instance still has its profile, and would have newer sessions at once" }],
      });
      const { changes } = await instanceProfile.plan(bench.context, {});
      await instanceProfile.run(bench.context, { ...changes[0]!, id: "", step: "" }, null);
      await bench.clock.sleep(60_000);
      expect((await roleWideSessions.plan(context, {})).changes).toHaveLength(1);
    }));

  it("is denied already where another case had it denied since, and not where this one's tokens may be newer", () =>
    onRange({}, async (bench) => {
      const role = new Role(bench);
      role.claims = [wide("i-1", "2026-01-15T12:00:00.000Z")];
      await role.write(at("12:00:00"));
      expect(role.policy).toContain('"DateLessThan":{"aws:TokenIssueTime":"2026-01-15T12:00:30Z"}');
      expect(await roleWideSessions.plan(caseOf(bench, NOBODY, at("12:00:30")), {})).toEqual({
        changes: [],
        left: [{ resource: ROLE, reason: "every session of the role from before the cut is denied already" }],
      });
      expect((await roleWideSessions.plan(caseOf(bench, NOBODY, at("12:00:31")), {})).changes).toHaveLength(1);
    }));
});

describe("the token time of a role-wide deny", () => {
  it("stays for as long as it covers every claim, so that nobody who renewed is cut off again", () =>
    onRange({}, async (bench) => {
      const role = new Role(bench);
      role.claims = [wide("i-1", "2026-01-15T12:00:00.000Z")];
      await role.write(at("12:05:00"));
      role.claims = [...role.claims, { ...wide("i-2", "2026-01-15T12:04:00.000Z"), case: "another" }];
      bench.operations();
      await role.write(at("12:10:00"));
      expect(bench.operations()).not.toContain("PutRolePolicy");
      role.claims = [...role.claims, { ...wide("i-3", "2026-01-15T12:11:00.000Z"), case: "a third" }];
      await role.write(at("12:12:00"));
      expect(role.policy).toContain('"aws:TokenIssueTime":"2026-01-15T12:12:30Z"');
    }));

  it("stays after the release, until no token from before it can be left", () =>
    onRange({}, async (bench) => {
      const role = new Role(bench);
      role.claims = [wide("i-1", "2026-01-15T12:00:00.000Z")];
      await role.write(at("12:05:00"));
      role.claims = [claim("every-session", { deny: "roleReleased", instanceArn: "i-1" }, at("23:00:00"))];
      await role.write(at("13:00:00"));
      expect(role.policy).toContain('"aws:TokenIssueTime":"2026-01-15T12:05:30Z"');
      await role.write(at("23:00:00"));
      expect(role.policy).toBe("");
    }));
});

it("of 130 instances of one role thirty are released one after the other, and none is refused for want of room", () =>
  onRange({}, async (bench) => {
    const role = new Role(bench);
    const arns = Array.from(
      { length: 130 },
      (_, index) =>
        `arn:aws:ec2:ap-southeast-2:111122223333:instance/i-0aaaaaaaaaaaaa${String(index).padStart(3, "0")}`,
    );
    role.claims = arns.map((instanceArn) => claim(instanceArn, { deny: "instance", instanceArn }));
    const { denied } = (await role.write(at("12:00:00"))) as { readonly denied: readonly string[] };
    expect(denied).toHaveLength(120);
    for (const [index, instanceArn] of arns.slice(0, 30).entries()) {
      const time = `13:${String(index).padStart(2, "0")}:00`;
      const value = { deny: "released", instanceArn, issuedBefore: `2026-01-15T${time}Z` } as const;
      role.claims = role.claims.map((each) =>
        each.member === instanceArn ? claim(instanceArn, value, at("23:59:59")) : each,
      );
      await role.write(at(time));
    }
    // Each that had a place keeps it for what it got before; who had none is nowhere.
    const named = arns.filter((arn) => role.policy.includes(arn));
    expect(named).toHaveLength(120);
  }));
