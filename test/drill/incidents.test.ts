import { describe, expect, it } from "vitest";
import { shippedPlaybooks } from "../../bench/playbooks.ts";
import { drillResult } from "../../src/cli/drill/result.ts";
import type { DrillOptions } from "../../src/cli/drill/rehearsal.ts";
import { runDrill } from "../../src/cli/drill/run.ts";

const playbooks = shippedPlaybooks();
const drill = (scenario: string, options: Partial<DrillOptions> = {}) =>
  runDrill({ scenario, seed: 7, playbooks, ...options });

describe("attack-sequence", () => {
  it("is one incident with five cases, each contained, and what they share is as it was after the last release", async () => {
    const { result, breaches } = await drill("attack-sequence", { release: true });
    expect(result.cases).toHaveLength(5);
    expect(new Set(result.cases.map(({ incident }) => incident)).size).toBe(1);
    expect(new Set(result.cases.map(({ instance }) => instance)).size).toBe(5);
    expect(result.cases.map(({ contained }) => contained)).toEqual([true, true, true, true, true]);
    expect(result.attackers.map(({ cut }) => cut)).toEqual([true, true, true, true, true]);
    expect(result.roundTripsToIsolation).toBe(2);
    expect(breaches).toEqual([]);
    expect(result.released).toMatchObject({ ok: true });
    expect(result.score).toBe(100);
    expect(drillResult.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
  });

  it("denies the one role for five instances in one policy, and one address in the NACLs of two subnets", async () => {
    const { result } = await drill("attack-sequence");
    const roles = result.changes.filter(({ step }) => step === "contain.role-sessions");
    expect(roles).toHaveLength(5);
    expect(new Set(roles.map(({ resource }) => resource)).size).toBe(1);
    const acls = result.changes.filter(({ step }) => step === "contain.remote-addresses");
    expect(new Set(acls.map(({ resource }) => resource)).size).toBe(2);
  });
});

describe("dns-tunnel", () => {
  it("is never called contained: the resolver is named as the way out, with what would end it", async () => {
    const { result, breaches } = await drill("dns-tunnel", { release: true });
    expect(result.contained).toBe("partial");
    expect(result.attackers).toEqual([{ name: "tunnel", cut: false, lastSuccessMs: expect.any(Number) }]);
    const resolver = result.survivors.find(({ what }) => what === "resolver");
    expect(resolver).toMatchObject({ certainty: "indicated" });
    expect(resolver?.lever).toContain("contain.stop");
    expect(breaches).toEqual([]);
    expect(result.released?.ok).toBe(true);
  });
});

describe("noisy-account", () => {
  it("seals what it may though AWS refuses and lags, makes the missing group, and names what a service keeps open", async () => {
    const { result, breaches } = await drill("noisy-account", { release: true });
    expect(result.contained).toBe("partial");
    const seals = result.changes.filter(({ step }) => step === "contain.security-groups");
    expect(seals).toHaveLength(2);
    expect(result.changes.some(({ step }) => step === "protect.prepared-groups")).toBe(true);
    expect(result.left.some(({ reason }) => reason.includes("eks.amazonaws.com"))).toBe(true);
    expect(result.attackers.every(({ cut }) => cut)).toBe(true);
    expect(breaches).toEqual([]);
    expect(result.released?.ok).toBe(true);
  });

  it("really is refused and shown stale reads", async () => {
    let refused = 0;
    await drill("noisy-account", {
      onSecond: (range) => {
        refused = range.calls.filter(({ error }) => error === "RequestLimitExceeded").length;
      },
    });
    expect(refused).toBeGreaterThan(0);
  });
});
