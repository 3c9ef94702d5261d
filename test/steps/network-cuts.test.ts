import { describe, expect, it } from "vitest";
import type { ChangingStep } from "../../src/core/step.ts";
import { START_OF_SIMULATED_TIME_MS } from "../../src/range/range.ts";
import { internetRoutes } from "../../src/steps/contain/internet-routes.ts";
import { networkAcl } from "../../src/steps/contain/network-acl.ts";
import { routeTable } from "../../src/steps/contain/route-table.ts";
import { stop } from "../../src/steps/contain/stop.ts";
import { onAccount, type StagedAccount } from "../../src/testing/account.ts";
import type { Staging } from "../../src/testing/contract-options.ts";
import { NeededActions } from "../../src/testing/needed-actions.ts";
import { RehearsedCase } from "../../src/testing/rehearsed-case.ts";

const beacon: Staging = { scenario: "c2-beacon", variants: ["neighbour"] };
const behindNat: Staging = { scenario: "miner-behind-nat" };

function onStage(staging: Staging, play: (account: StagedAccount, one: RehearsedCase) => Promise<void>): Promise<void> {
  return onAccount({ subject: "none", staging }, (account) => {
    const target = account.targets[0]!;
    return play(account, new RehearsedCase({ id: "case-a", account, target, needed: new NeededActions() }));
  });
}

describe("a tracked flow that is under way", () => {
  it.each<[string, ChangingStep, unknown, Staging]>([
    ["a deny of everything", networkAcl, {}, beacon],
    ["a deny of everything, behind a NAT gateway", networkAcl, {}, behindNat],
    [
      "a network ACL of our own",
      networkAcl,
      { whenFull: "new-acl" },
      { ...beacon, variants: ["nacl-rules-start-at-1"] },
    ],
    ["local routes only", routeTable, {}, beacon],
    ["local routes only, behind a NAT gateway", routeTable, {}, behindNat],
    ["a table without the internet gateway", internetRoutes, {}, beacon],
    ["a stop", stop, {}, beacon],
  ])("is cut by %s", async (_, step, input, staging) => {
    await onStage(staging, async ({ clock, range }, one) => {
      const living = new AbortController();
      range.start(living.signal);
      await clock.sleep(60_000);
      const [attacker] = range.attackers();
      expect(attacker!.succeededAt(START_OF_SIMULATED_TIME_MS).length).toBeGreaterThan(0);
      await one.carryOut(step, input);
      const cutAt = clock.now();
      await clock.sleep(600_000);
      expect(attacker!.succeededAt(cutAt)).toEqual([]);
      living.abort();
    });
  });
});

describe("whom a cut hits besides", () => {
  it.each<[string, ChangingStep, RegExp]>([
    ["network-acl", networkAcl, /^Every subnet of acl-\S+: subnet-\S+ is cut off: 1 other instances and 1 interfaces/],
    [
      "route-table",
      routeTable,
      /^Subnet subnet-\S+ loses every way out of vpc-\S+: 1 other instances and 1 interfaces/,
    ],
    ["internet-routes", internetRoutes, /^Every subnet of rtb-\S+ \(subnet-\S+\) loses the internet gateway: 1 other/],
  ])("stands in the plan of %s", async (_, step, words) => {
    await onStage(beacon, async (account, one) => {
      const [kept, ...others] = await one.plan(step);
      expect(others).toEqual([]);
      expect(kept!.change.blastRadius?.resources).toEqual([account.neighbour().instanceId]);
      expect(kept!.change.blastRadius?.what).toMatch(words);
    });
  });
});

describe("a network ACL without room", () => {
  it.each([
    [
      "renumber",
      [
        "ingress rule 1 (allow 0.0.0.0/0) has number 3 until the release",
        "egress rule 1 (allow 0.0.0.0/0) has number 3 until the release",
      ],
    ],
    [
      "remove-least",
      [
        "ingress rule 1 (allow 0.0.0.0/0) goes until the release",
        "egress rule 1 (allow 0.0.0.0/0) goes until the release",
      ],
    ],
  ])("shows in the plan what %s does", async (whenFull, expected) => {
    await onStage({ scenario: "c2-beacon", variants: ["nacl-rules-start-at-1"] }, async (_, one) => {
      const [kept] = await one.plan(networkAcl, { whenFull });
      expect((kept!.change.after as { makesRoom: string[] }).makesRoom).toEqual(expected);
    });
  });

  it("is refused where nothing may make room, with what would", async () => {
    await onStage({ scenario: "c2-beacon", variants: ["nacl-rules-start-at-1"] }, async (_, one) => {
      await expect(one.plan(networkAcl)).rejects.toMatchObject({
        code: "claim_conflict",
        message: expect.stringContaining(`whenFull "renumber", "remove-least" or "new-acl" makes some`) as string,
      });
    });
  });
});

it("A forged tag on the present NACL does not lead the cut away from it", async () => {
  await onStage(beacon, async (account, one) => {
    const { region } = account.range.world.place(account.targets[0]!.account, account.targets[0]!.region);
    const acls = [...region.networkAcls.values()];
    const serving = acls.find(({ isDefault, associations }) => !isDefault && associations.length > 0)!;
    const decoy = acls.find(({ isDefault, vpcId }) => isDefault && vpcId === serving.vpcId)!;
    serving.tags.push({ key: "cordon:instead-of", value: decoy.id });
    const planned = await one.plan(networkAcl);
    expect(planned.map(({ change }) => change.resource)).toEqual([serving.id, decoy.id]);
  });
});
