import { expect, it } from "vitest";
import type { ChangeView, RunResult } from "../../src/core/step.ts";
import { containment } from "../../src/core/containment.ts";
import { containmentAssessment } from "../../src/steps/assess/containment.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { changesOf, onRange, type Bench } from "./bench.ts";

const manual = { scenario: "manual-start" } as const;

/** Seals every interface and gives what the journal would keep of it. */
async function cut({ context }: Bench, before: readonly ChangeView[] = []): Promise<readonly ChangeView[]> {
  const again = { ...context, outcomes: { [securityGroups.id]: before } };
  const changes = changesOf(securityGroups, await securityGroups.plan(again, { level: "sealed" }));
  return Promise.all(
    changes.map(async (change) => {
      const result: RunResult = await securityGroups.run(again, change, null);
      if (result.kind !== "done") throw new Error("a seal is done at once");
      return { change, state: "verified", outcome: result.outcome, verifiedAt: context.now };
    }),
  );
}

async function judge({ context }: Bench, seals: readonly ChangeView[]) {
  const outcomes = { [securityGroups.id]: seals };
  const { checks, survivors } = await containmentAssessment.assess({ ...context, outcomes }, { level: "sealed" });
  const network = checks.filter(({ kind }) => kind !== "credentials");
  const tcp = survivors.filter(({ kind }) => kind === "tcp");
  return {
    contained: containment(network, survivors, context.now).contained,
    what: tcp.map(({ what }) => what),
    why: [...new Set(tcp.map(({ why }) => why))],
  };
}

/** The groups that the target's interfaces have at this moment. */
function groupsOf({ interfaces, place }: Bench) {
  return interfaces().flatMap(({ groupIds }) => groupIds.flatMap((id) => place.region.securityGroups.get(id) ?? []));
}

it("knows the flows that groups allowed at the cut, though the groups were emptied since", () =>
  onRange(manual, async (bench) => {
    const groups = groupsOf(bench);
    const seals = await cut(bench);
    const first = await judge(bench, seals);
    for (const group of groups) bench.place.world.change(group, () => (group.rules = []));
    expect(first.what.filter((what) => what.startsWith("TCP with the rest of 0.0.0.0/0 through igw-"))).toHaveLength(1);
    expect(await judge(bench, seals)).toEqual(first);
    expect(first.contained).toBe("partial");
  }));

it("knows them though the groups were deleted since", () =>
  onRange(manual, async (bench) => {
    const groups = groupsOf(bench);
    const seals = await cut(bench);
    const first = await judge(bench, seals);
    for (const { id } of groups) bench.place.world.remove(bench.place.region.securityGroups, id);
    expect(await judge(bench, seals)).toEqual(first);
  }));

it("takes any flow for possible on an instance that an earlier case had sealed", () =>
  onRange(manual, async (bench) => {
    await cut(bench);
    expect(await cut(bench)).toEqual([]); // Nothing is left to change: the second case has no seal of its own.
    const { contained, why } = await judge(bench, []);
    expect(contained).toBe("partial");
    expect(why.join()).toMatch(
      /^what the groups of eni-\S+ allowed .* not known: it was sealed already when this case/,
    );
  }));

it("seals though the rules of the old groups cannot be read, and does not call that contained", () =>
  onRange(manual, async (bench) => {
    bench.range.faults.inject({ kind: "access-denied", operation: "DescribeSecurityGroupRules", times: 1 });
    const seals = await cut(bench);
    const { contained, why } = await judge(bench, seals);
    expect(contained).toBe("partial");
    expect(why.join()).toMatch(/not known: the rules of sg-\S+ could not be read when it was sealed/);
  }));

it("keeps the rules of the first seal when it seals again, and knows none where somebody had changed the groups", () =>
  onRange(manual, async (bench) => {
    const { context, interfaces, place } = bench;
    const [original] = interfaces().map(({ groupIds }) => [...groupIds]);
    const seals = await cut(bench);
    const repeat = { ...context, attempt: 2, outcomes: { [securityGroups.id]: seals } };
    const [seal] = seals;
    const change = seal!.change as Parameters<typeof securityGroups.run>[1];
    expect(await securityGroups.run(repeat, change, null)).toEqual({ kind: "done", outcome: seal!.outcome });
    const [primary] = interfaces();
    place.world.change(primary!, () => (primary!.groupIds = original!));
    expect(await securityGroups.run({ ...repeat, attempt: 1 }, change, null)).toEqual({
      kind: "done",
      outcome: { rules: null, unknown: "somebody changed its groups after it had been sealed" },
    });
    expect(primary!.groupIds).toEqual(change.after);
  }));

it("counts the rules that a repeated seal reads only soon after the case was opened", () =>
  onRange(manual, async (bench) => {
    const { context, clock } = bench;
    const [seal] = await cut(bench);
    const change = seal!.change as Parameters<typeof securityGroups.run>[1];
    const repeat = () => securityGroups.run({ ...context, attempt: 2, now: clock.now() }, change, null);
    expect(await repeat()).toEqual({ kind: "done", outcome: seal!.outcome });
    await clock.sleep(60_000);
    expect(await repeat()).toMatchObject({ outcome: { rules: null } });
  }));
