import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../../src/core/json.ts";
import type { ChangingStep } from "../../src/core/step.ts";
import type { Range } from "../../src/range/range.ts";
import { allocateAddress } from "../../src/range/world/build-network.ts";
import { bindAddress } from "../../src/range/world/public-addresses.ts";
import { elasticAddresses } from "../../src/steps/contain/elastic-addresses.ts";
import { instanceProfile } from "../../src/steps/contain/instance-profile.ts";
import { internetRoutes } from "../../src/steps/contain/internet-routes.ts";
import { metadataService } from "../../src/steps/contain/metadata-service.ts";
import { networkAcl } from "../../src/steps/contain/network-acl.ts";
import { remoteAddresses } from "../../src/steps/contain/remote-addresses.ts";
import { roleSessions } from "../../src/steps/contain/role-sessions.ts";
import { routeTable } from "../../src/steps/contain/route-table.ts";
import { securityGroupRules } from "../../src/steps/contain/security-group-rules.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { stop } from "../../src/steps/contain/stop.ts";
import { onAccount, type StagedAccount } from "../../src/testing/account.ts";
import { NeededActions } from "../../src/testing/needed-actions.ts";
import { RehearsedCase } from "../../src/testing/rehearsed-case.ts";

/** A step with its input, by the name that a failure is told by. */
type Use = readonly [name: string, step: ChangingStep, input: unknown];

const whenFull = (way: string): Use => [`network-acl ${way}`, networkAcl, { whenFull: way }];

const alone: readonly Use[] = [
  ["security-groups", securityGroups, {}],
  ["elastic-addresses", elasticAddresses, {}],
  ["metadata-service", metadataService, {}],
  ["instance-profile", instanceProfile, {}],
  ["stop", stop, {}],
];

const shared: readonly Use[] = [
  ["remote-addresses", remoteAddresses, {}],
  ["role-sessions", roleSessions, {}],
  whenFull("remove-least"),
  whenFull("renumber"),
  whenFull("new-acl"),
  ["route-table", routeTable, {}],
  ["internet-routes", internetRoutes, {}],
  ["security-group-rules", securityGroupRules, {}],
];

/** Members whose ids AWS gives anew, and what the release says that it does not bring back. */
const GIVEN_ANEW = new Set(["associationId", "profileAssociation"]);

/** A snapshot in terms of what it means: associations and rules without their ids. */
function meaning(value: Json): Json {
  if (Array.isArray(value)) return value.map(meaning).toSorted(byText);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value as Readonly<Record<string, Json>>).filter(([name]) => !GIVEN_ANEW.has(name));
  const isListById = members.length > 0 && members.every(([name, each]) => isNamed(name, each));
  if (!isListById) return Object.fromEntries(members.map(([name, each]) => [name, meaning(each)]));
  return members
    .map(([, each]) => {
      const { id: _, ...rest } = each as Readonly<Record<string, Json>>;
      return meaning(rest);
    })
    .toSorted(byText);
}

/** A rule or an association under its own id. Resources keep theirs. */
function isNamed(name: string, value: Json): value is Readonly<Record<string, Json>> {
  const { id } = (value ?? {}) as { id?: Json };
  return id === name && /^(sgr|rtbassoc|aclassoc)-/.test(name);
}

function byText(left: Json, right: Json): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}

/** Elastic addresses for everybody, so that a stop loses none, and one group for both. */
function prepare({ world, scenario }: Range): void {
  for (const { account, region } of scenario.targets) {
    const place = world.place(account, region);
    const attached = [...place.region.interfaces.values()].filter(({ attachment }) => attachment !== null);
    for (const [index, target] of attached.entries()) {
      const address = allocateAddress(place, `192.0.2.${100 + index}`);
      bindAddress(place, address, { target, privateIp: target.privateIps[0] ?? "" });
    }
  }
}

const variants = [["neighbour"], ["neighbour", "nacl-rules-start-at-1"]] as const;

async function onShared(
  which: number,
  play: (account: StagedAccount, caseOf: (id: string) => RehearsedCase) => Promise<void>,
): Promise<void> {
  const staging = { scenario: "c2-beacon", variants: variants[which] ?? [], prepare };
  await onAccount({ subject: "none", staging }, async (account) => {
    const needed = new NeededActions();
    const before = meaning(account.snapshot());
    await play(account, (id) => {
      const target = id === "case-a" ? account.targets[0]! : account.neighbour();
      return new RehearsedCase({ id, account, target, needed, process: account.newProcess() });
    });
    expect(meaning(account.snapshot())).toEqual(before);
  });
}

/** Contains with one step; false where it has no room for it and says so before it changes anything. */
async function contain(one: RehearsedCase, [, step, input]: Use): Promise<boolean> {
  try {
    const planned = await one.plan(step, input);
    for (const kept of planned) await one.run(step, kept);
    for (const kept of planned) await one.verify(step, kept);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code !== "claim_conflict") throw error;
    return false;
  }
}

async function release(one: RehearsedCase, used: readonly Use[]): Promise<void> {
  for (const [, step] of used.toReversed())
    for (const kept of one.changesOf(step).toReversed())
      if (kept.state !== "planned" && kept.state !== "reverted") await one.revert(step, kept);
}

/** Uses by their names, which a failure is told by; each step once. */
function usesNamed(names: readonly string[]): readonly Use[] {
  const uses = names.flatMap((name) => [...alone, ...shared].filter(([other]) => other === name));
  return uses.filter(([, step], index) => uses.findIndex(([, other]) => other === step) === index);
}

function namesOf(uses: readonly Use[]): string[] {
  return uses.map(([name]) => name);
}

describe("containing and releasing", () => {
  test("restores the account, in whatever order the steps come", { timeout: 300_000 }, async () => {
    const order = fc.shuffledSubarray(namesOf([...alone, ...shared]), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(order, fc.nat(1), async (names, which) => {
        const uses = usesNamed(names);
        await onShared(which, async (_, caseOf) => {
          const one = caseOf("case-a");
          for (const use of uses) await contain(one, use);
          await release(one, uses);
          await one.endResidues(roleSessions);
        });
      }),
      { numRuns: RUNS, seed: 20_260_301 },
    );
  });

  test("of two cases that share subnet, role and group is safe in any interleaving", { timeout: 300_000 }, async () => {
    // Half of them meet on the network ACL, where two steps keep one ledger.
    const side = fc.oneof(
      fc.shuffledSubarray(ON_THE_ACL, { minLength: 1, maxLength: 2 }),
      fc.shuffledSubarray(namesOf(shared), { minLength: 1, maxLength: 3 }),
    );
    const moves = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(side, side, moves, fc.nat(1), async (namesOfA, namesOfB, turns, which) => {
        await onShared(which, async (_, caseOf) => {
          const a = new Side(caseOf("case-a"), usesNamed(namesOfA));
          const b = new Side(caseOf("case-b"), usesNamed(namesOfB));
          for (const isA of [...turns, true, false, true, false, true, false, true, false]) {
            await (isA ? a : b).move();
            await a.hold();
            await b.hold();
          }
          await a.one.endResidues(roleSessions);
          await b.one.endResidues(roleSessions);
        });
      }),
      { numRuns: RUNS, seed: 20_260_301 },
    );
  });
});

test("A step that keeps a ledger of its own beside another's is found out by the cut that its release lifts", async () => {
  const planted: Use = ["planted", { ...networkAcl, sharesLedgerOf: "contain.network-acl" }, {}];
  const met = onShared(0, async (_, caseOf) => {
    const a = new Side(caseOf("case-a"), [planted]);
    const b = new Side(caseOf("case-b"), usesNamed(["remote-addresses"]));
    await a.move();
    await b.move();
    await a.move();
    await b.hold();
  });
  await expect(met).rejects.toThrow(/not denied: ingress, egress/);
});

const RUNS = 12;
const ON_THE_ACL = ["remote-addresses", "network-acl remove-least", "network-acl new-acl"];

/** One case on its way: it contains with one step after the other, and is then released. */
class Side {
  readonly one: RehearsedCase;
  readonly #uses: readonly Use[];
  #done = 0;
  #held: Use[] = [];

  constructor(one: RehearsedCase, uses: readonly Use[]) {
    this.one = one;
    this.#uses = uses;
  }

  async move(): Promise<void> {
    const next = this.#uses[this.#done];
    this.#done += 1;
    if (next === undefined) {
      await release(this.one, this.#uses);
      this.#held = [];
    } else if (await contain(this.one, next)) this.#held.push(next);
  }

  /** Fails where the other case has lifted one of this one's cuts. */
  async hold(): Promise<void> {
    for (const [, step] of this.#held) for (const kept of this.one.changesOf(step)) await this.one.verify(step, kept);
  }
}
