import { expect, it } from "vitest";
import type { Survivor } from "../../src/core/containment.ts";
import type { ChangeView, StepContext } from "../../src/core/step.ts";
import { connectionTimeouts } from "../../src/steps/contain/connection-timeouts.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { trackedConnections } from "../../src/steps/contain/tracked-connections.ts";
import { changesOf, onRange, type Bench } from "./bench.ts";

/** Where an open window converts, which AWS does not document. */
const manual = { scenario: "manual-start", networkOptions: { openWindowConverts: "flows-with-a-packet" } } as const;

/** Seals and sets the timers: what the step asks for before it opens anything. */
async function prepare({ context }: Bench): Promise<StepContext> {
  const seals = changesOf(securityGroups, await securityGroups.plan(context, { level: "sealed" }));
  for (const change of seals) await securityGroups.run(context, change, null);
  const timers = changesOf(connectionTimeouts, await connectionTimeouts.plan(context, {}));
  for (const change of timers) await connectionTimeouts.run(context, change, null);
  const view = (change: ChangeView["change"]): ChangeView => ({
    change,
    state: "verified",
    outcome: null,
    verifiedAt: 1,
  });
  return {
    ...context,
    outcomes: {
      "contain.security-groups": seals.map(view),
      "contain.remote-addresses": [],
      "contain.connection-timeouts": timers.map(view),
    },
  };
}

const survivor = (over: Partial<Survivor>): Survivor => ({
  code: "flow.tracked",
  what: "TCP to 203.0.113.99",
  kind: "tcp",
  certainty: "possible",
  why: "",
  lever: "",
  blastRadius: "",
  ...over,
});

it("drops a live flow that sealing alone left alive, and leaves the host sealed", () =>
  onRange(manual, async (bench) => {
    const { clock, interfaces, prepared, range } = bench;
    const stop = new AbortController();
    range.start(stop.signal);
    const context = await prepare(bench);
    const [beacon] = range.attackers();
    await clock.sleep(120_000);
    expect(clock.now() - beacon!.lastSuccessMs!).toBeLessThan(20_000);

    const changes = changesOf(trackedConnections, await trackedConnections.plan(context, {}));
    const [primary] = interfaces();
    const [open, sealed] = [prepared("open", primary!.vpcId)!.id, prepared("sealed", primary!.vpcId)!.id];
    for (const change of changes) {
      expect(await trackedConnections.run(context, change, null)).toEqual({
        kind: "later",
        progress: { open, sealed },
        afterMs: 70_000,
        withinMs: 600_000,
      });
    }
    expect(primary!.groupIds).toEqual([open]);
    await clock.sleep(70_000);
    for (const change of changes) {
      expect(await trackedConnections.run(context, change, { open, sealed })).toEqual({
        kind: "done",
        outcome: { openedFor: "70 s" },
      });
      expect((await trackedConnections.verify(context, change, null)).kind).toBe("notYet");
      expect((await trackedConnections.verify(context, change, { openedFor: "70 s" })).kind).toBe("ok");
    }
    const closedAt = clock.now();
    await clock.sleep(300_000);
    stop.abort();
    expect(beacon!.succeededAt(closedAt)).toEqual([]);
    expect(interfaces().map(({ groupIds }) => groupIds)).toEqual([[sealed]]);
  }));

it("says whom the opening hits, and what people approve", () =>
  onRange(manual, async (bench) => {
    const context = await prepare(bench);
    const { changes, left } = await trackedConnections.plan(context, {});
    const [primary] = bench.interfaces();
    const sealed = bench.prepared("sealed", primary!.vpcId)!.id;
    expect(left).toEqual([]);
    expect(changes).toEqual([
      {
        resource: primary!.id,
        attribute: "tracked-flows",
        before: [sealed],
        after: [sealed],
        approves: { level: "open", seconds: 70, afterwards: "sealed" },
        ofTarget: true,
        blastRadius: {
          what: "the host is reachable from anywhere, and reaches anything, for 70 seconds",
          resources: [],
        },
      },
    ]);
  }));

it("opens nothing when the assessment found no flow that it would end", () =>
  onRange(manual, async ({ context, target, operations }) => {
    const survivors = [survivor({ kind: "icmp" }), survivor({ kind: "resolver", certainty: "unfiltered" })];
    expect(await trackedConnections.plan({ ...context, survivors }, {})).toEqual({
      changes: [],
      left: [{ resource: target.instanceId, reason: "nothing is left that it would end" }],
    });
    expect(operations()).toEqual([]);
  }));

it("refuses while an interface is not sealed, an address not denied or a timer not set", () =>
  onRange(manual, async (bench) => {
    const { context: bare, interfaces } = bench;
    const [primary] = interfaces();
    const refusal = (context: StepContext) => trackedConnections.plan({ ...context, survivors: [survivor({})] }, {});
    await expect(refusal(bare)).rejects.toMatchObject({
      code: "precondition_unmet",
      particulars: { reason: `${primary!.id} is not verified sealed` },
    });
    const context = await prepare(bench);
    const denial: ChangeView = {
      change: {
        id: "contain.remote-addresses/acl-1/203.0.113.99",
        step: "contain.remote-addresses",
        resource: "acl-1",
        before: null,
        after: null,
      },
      state: "failed",
      outcome: null,
      verifiedAt: null,
    };
    const outcomes = { ...context.outcomes, "contain.remote-addresses": [denial] };
    await expect(refusal({ ...context, outcomes })).rejects.toMatchObject({
      particulars: { reason: "contain.remote-addresses/acl-1/203.0.113.99 is failed, not verified" },
    });
    bench.place.world.change(primary!, () => (primary!.connectionTracking = null));
    await expect(refusal({ ...context, outcomes: {} })).rejects.toMatchObject({
      particulars: { reason: `the idle timers of ${primary!.id} are not set` },
    });
    expect(trackedConnections.needs).toEqual([
      "contain.security-groups",
      "contain.remote-addresses",
      "contain.connection-timeouts",
    ]);
  }));

it("does without timers on a type that has none", () =>
  onRange(manual, async (bench) => {
    const { place, target, interfaces } = bench;
    const instance = place.region.instances.get(target.instanceId)!;
    place.world.change(instance, () => (instance.instanceType = "t2.micro"));
    const context = await prepare(bench);
    const { changes } = await trackedConnections.plan(context, {});
    expect(changes.map(({ resource }) => resource)).toEqual([interfaces()[0]!.id]);
  }));

it("refuses without an open group, and says which step makes it", () =>
  onRange({ ...manual, variants: ["no-prepared-groups"] }, async ({ context }) => {
    await expect(trackedConnections.plan(context, {})).rejects.toMatchObject({ code: "prepared_group_missing" });
    expect(trackedConnections.enabledBy).toBe("protect.prepared-groups");
  }));

it("does not open an interface whose groups somebody changed between plan and run", () =>
  onRange(manual, async (bench) => {
    const context = await prepare(bench);
    const [change] = changesOf(trackedConnections, await trackedConnections.plan(context, {}));
    const [primary] = bench.interfaces();
    const theirs = bench.place.region.vpcs.get(primary!.vpcId)!.id;
    const group = [...bench.place.region.securityGroups.values()].find(
      ({ name, vpcId }) => name === "default" && vpcId === theirs,
    )!;
    bench.place.world.change(primary!, () => (primary!.groupIds = [group.id]));
    await expect(trackedConnections.run(context, change!, null)).rejects.toMatchObject({ code: "precondition_unmet" });
    expect(primary!.groupIds).toEqual([group.id]);
  }));

it("goes on as opened after a crash that lost the journal entry, without opening twice", () =>
  onRange(manual, async (bench) => {
    const context = await prepare(bench);
    const [change] = changesOf(trackedConnections, await trackedConnections.plan(context, {}));
    const first = await trackedConnections.run(context, change!, null);
    bench.operations();
    expect(await trackedConnections.run({ ...context, attempt: 2 }, change!, null)).toEqual(first);
    expect(bench.operations()).not.toContain("ModifyNetworkInterfaceAttribute");
  }));

it("seals on release what is open, with or without the journal entry, and leaves the rest to the seal's own release", () =>
  onRange(manual, async (bench) => {
    const { interfaces, prepared } = bench;
    const context = await prepare(bench);
    const [change] = changesOf(trackedConnections, await trackedConnections.plan(context, {}));
    const [primary] = interfaces();
    const [open, sealed] = [prepared("open", primary!.vpcId)!.id, prepared("sealed", primary!.vpcId)!.id];
    for (const journalled of [{ open, sealed }, null]) {
      await trackedConnections.run(context, change!, null);
      expect(primary!.groupIds).toEqual([open]);
      expect(await trackedConnections.revert(context, change!, journalled)).toEqual({ kind: "done", outcome: null });
      expect(primary!.groupIds).toEqual([sealed]);
    }
    bench.operations();
    await trackedConnections.revert(context, change!, { openedFor: "70 s" });
    expect(bench.operations()).toEqual(["DescribeNetworkInterfaces"]);
  }));

it("opens once: a plan that is made again while another interface is under way leaves out what is done", () =>
  onRange({}, async (bench) => {
    const context = await prepare(bench);
    const [first, second] = changesOf(trackedConnections, await trackedConnections.plan(context, {}));
    await trackedConnections.run(context, second!, null);
    const own: ChangeView[] = [
      { change: first!, state: "verified", outcome: { openedFor: "70 s" }, verifiedAt: 2 },
      { change: second!, state: "started", outcome: null, verifiedAt: null },
    ];
    const outcomes = { ...context.outcomes, "contain.tracked-connections": own };
    const { changes } = await trackedConnections.plan({ ...context, outcomes }, {});
    expect(changes.map(({ resource }) => resource)).toEqual([second!.resource]);
  }));
