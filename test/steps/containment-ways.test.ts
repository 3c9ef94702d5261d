import { expect, it } from "vitest";
import type { ChangeView } from "../../src/core/step.ts";
import { covers, parseCidr } from "../../src/reachability/cidr.ts";
import { containmentAssessment } from "../../src/steps/assess/containment.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { changesOf, onRange, type Bench } from "./bench.ts";

const manual = { scenario: "manual-start" } as const;
const STRANGER = parseCidr("198.51.100.7")!;

async function cut({ context }: Bench): Promise<readonly ChangeView[]> {
  const changes = changesOf(securityGroups, await securityGroups.plan(context, { level: "sealed" }));
  return Promise.all(
    changes.map(async (change) => {
      const result = await securityGroups.run(context, change, null);
      if (result.kind !== "done") throw new Error("a seal is done at once");
      return { change, state: "verified", outcome: result.outcome, verifiedAt: context.now };
    }),
  );
}

/** The grounds that close TCP with an address of the internet, one per interface. */
async function proof({ context }: Bench, seals: readonly ChangeView[]) {
  const outcomes = { [securityGroups.id]: seals };
  const { checks, ledger } = await containmentAssessment.assess({ ...context, outcomes }, { level: "sealed" });
  const closed = (ledger?.closed ?? []).filter(
    ({ scope }) =>
      scope.kind === "flow" &&
      scope.protocol === "tcp" &&
      scope.peers.some((block) => covers(parseCidr(block)!, STRANGER)),
  );
  const seal = checks.filter(({ kind }) => kind === "sealed");
  return { grounds: closed.map(({ ground }) => ground), isSealed: seal.length > 0 && seal.every(({ ok }) => ok), seal };
}

/** Takes every entry out of the NACLs: what matches none is denied. */
function denyEverything({ place }: Bench): void {
  for (const acl of place.region.networkAcls.values()) place.world.change(acl, () => (acl.entries = []));
}

it("closes by the NACL what the subnet's NACL denies, once the network was read", () =>
  onRange(manual, async (bench) => {
    const seals = await cut(bench);
    expect(await proof(bench, seals)).toMatchObject({ grounds: [], isSealed: true });
    denyEverything(bench);
    await bench.clock.sleep(120_000);
    expect(await proof(bench, seals)).toMatchObject({ grounds: ["acl-denies"], isSealed: true });
  }));

it.each([
  "DescribeNetworkAcls",
  "DescribeSubnets",
  "DescribeVpcs",
  "DescribeInternetGateways",
  "DescribeVpnGateways",
  "DescribeCarrierGateways",
  "DescribeTransitGatewayVpcAttachments",
  "DescribeVpcPeeringConnections",
  "DescribeRouteTables",
])("closes nothing by the NACL when %s is denied", (operation) =>
  onRange(manual, async (bench) => {
    const seals = await cut(bench);
    denyEverything(bench);
    await bench.clock.sleep(120_000);
    bench.range.faults.inject({ kind: "access-denied", operation });
    const { grounds } = await proof(bench, seals);
    expect(grounds).toEqual([]);
  }),
);

it("calls nothing sealed whose rules could not be read", () =>
  onRange(manual, async (bench) => {
    const seals = await cut(bench);
    bench.range.faults.inject({ kind: "access-denied", operation: "DescribeSecurityGroupRules" });
    const { isSealed, seal } = await proof(bench, seals);
    expect(isSealed).toBe(false);
    expect(seal[0]?.observed).toContain("the rules of its groups could not be read");
  }));

it("calls no interface sealed that has an empty group that Cordon did not prepare", () =>
  onRange(manual, async (bench) => {
    const seals = await cut(bench);
    const [nic] = bench.interfaces();
    const stray = [...bench.place.region.securityGroups.values()].find(({ id }) => !nic!.groupIds.includes(id))!;
    bench.place.world.change(stray, () => (stray.rules = []));
    bench.place.world.change(nic!, () => (nic!.groupIds = [...nic!.groupIds, stray.id]));
    await bench.clock.sleep(120_000);
    expect((await proof(bench, seals)).isSealed).toBe(false);
  }));

it("closes every flow of a stopped instance, and says so", () =>
  onRange(manual, async (bench) => {
    const seals = await cut(bench);
    const [nic] = bench.interfaces();
    const instance = bench.place.region.instances.get(nic!.attachment!.instanceId)!;
    bench.place.world.change(instance, () => (instance.state = "stopped"));
    await bench.clock.sleep(120_000);
    expect((await proof(bench, seals)).grounds).toEqual(["stopped"]);
  }));
