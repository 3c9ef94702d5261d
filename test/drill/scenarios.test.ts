import { describe, expect, it } from "vitest";
import { shippedPlaybooks } from "../../bench/playbooks.ts";
import { drillResult } from "../../src/cli/drill/result.ts";
import type { DrillOptions } from "../../src/cli/drill/rehearsal.ts";
import { runDrill } from "../../src/cli/drill/run.ts";

const playbooks = shippedPlaybooks();
const drill = (scenario: string, options: Partial<DrillOptions> = {}) =>
  runDrill({ scenario, seed: 7, playbooks, ...options });

describe("c2-beacon", () => {
  it("is sealed in two round trips, dead in three, proved, and released without an undeclared difference", async () => {
    const { result, successes, breaches } = await drill("c2-beacon", { release: true });
    expect(result.roundTripsToIsolation).toBe(2);
    expect(result.timeToIsolationMs).toBe(80);
    expect(result).toMatchObject({ contained: true, because: null });
    expect(result.attackers).toEqual([{ name: "beacon", cut: true, lastSuccessMs: expect.any(Number) }]);
    expect(Math.max(...(successes[0]?.atMs ?? []))).toBeLessThanOrEqual(120);
    expect(breaches).toEqual([]);
    expect(result.released?.ok).toBe(true);
    expect(result.score).toBe(100);
  });

  it("prints a document of the published shape", async () => {
    const { result } = await drill("c2-beacon", { release: true });
    expect(drillResult.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
  });

  it("gives the same journal for the same seed, byte for byte, and another for another seed", async () => {
    const [one, same, other] = [
      await drill("c2-beacon"),
      await drill("c2-beacon"),
      await drill("c2-beacon", { seed: 8 }),
    ];
    expect(JSON.stringify(same.events)).toBe(JSON.stringify(one.events));
    expect(other.result.journal.head).not.toBe(one.result.journal.head);
  });

  it("puts the deny where a NACL has room, and says so where its rules start at 1", async () => {
    const { result } = await drill("c2-beacon", { variants: ["nacl-rules-start-at-1"] });
    expect(result.contained).not.toBe(true);
    expect(JSON.stringify([result.left, result.changes, result.survivors])).toContain("203.0.113.24");
  });

  it("makes the groups that are missing, and still seals", async () => {
    const { result } = await drill("c2-beacon", { variants: ["no-prepared-groups"], release: true });
    expect(result.attackers[0]?.cut).toBe(true);
    expect(result).toMatchObject({ contained: "partial", because: "unproven" });
    expect(result.roundTripsToIsolation).toBeGreaterThan(2);
    expect(result.released?.ok).toBe(true);
  });

  it("seals a container's branch interface, after what is attached and no later than that", async () => {
    const { result } = await drill("c2-beacon", { variants: ["branch-interface"], release: true });
    expect(result.changes.filter(({ step }) => step === "contain.security-groups")).toHaveLength(4);
    expect(result.checks.filter(({ what }) => what.endsWith(" is sealed")).map(({ ok }) => ok)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(result).toMatchObject({ contained: true, because: null });
    expect(result.released?.ok).toBe(true);
  });

  it("seals each interface in its own VPC", async () => {
    const { result } = await drill("c2-beacon", { variants: ["two-vpcs"], release: true });
    const groups = result.changes
      .filter(({ step }) => step === "contain.security-groups")
      .map(({ after }) => JSON.stringify(after));
    expect(new Set(groups).size).toBe(2);
    expect(result.released?.ok).toBe(true);
  });
});

describe("miner-behind-nat", () => {
  it("is cut by the denied address, though AWS tracks its flow through the NAT gateway", async () => {
    const { result, breaches } = await drill("miner-behind-nat", { release: true });
    expect(result.attackers).toEqual([{ name: "miner", cut: true, lastSuccessMs: expect.any(Number) }]);
    expect(result.changes.find(({ step }) => step === "contain.remote-addresses")?.attribute).toBe("198.51.100.77");
    expect(breaches).toEqual([]);
    expect(result.released?.ok).toBe(true);
  });
});

describe("manual-start", () => {
  it("ends partial with the survivor named when nobody approves the conversion", async () => {
    const { result } = await drill("manual-start", { approve: [] });
    expect(result.contained).toBe("partial");
    expect(result.attackers[0]?.cut).toBe(false);
    expect(result.survivors.map(({ what }) => what).join("\n")).toContain("TCP with the rest of 0.0.0.0/0");
    expect(result.survivors[0]?.lever).toBe("contain.tracked-connections");
  });

  it("is dead and nothing is open when the conversion is approved, where AWS converts", async () => {
    const networkOptions = { openWindowConverts: "flows-with-a-packet" } as const;
    const { result, events } = await drill("manual-start", { approve: ["convert"], range: { networkOptions } });
    expect(result.attackers[0]?.cut).toBe(true);
    expect(events.filter(({ body }) => body.type === "approval.decided")).toHaveLength(1);
    expect(result.checks.filter(({ what }) => what.endsWith("is sealed")).every(({ ok }) => ok)).toBe(true);
  });
});

describe("stolen-credentials", () => {
  it("stops the thief, lets the neighbour go on, and does not re-arm the thief on release", async () => {
    const { result, afterRelease, successes } = await drill("stolen-credentials", { release: true });
    expect(result.attackers.find(({ name }) => name === "credential-thief")?.cut).toBe(true);
    expect(result.checks.filter(({ what }) => what.endsWith("keeps working")).map(({ ok }) => ok)).toEqual([
      true,
      true,
    ]);
    expect(successes.find(({ name }) => name === "credential-thief")?.atMs.some((at) => at < 0)).toBe(true);
    expect(afterRelease.find(({ name }) => name === "credential-thief")?.times).toBe(0);
  });
});

describe("second-address", () => {
  it("ends partial: an attacker that no finding names may still get through", async () => {
    const { result, breaches } = await drill("second-address", { approve: [] });
    expect(result.contained).toBe("partial");
    expect(breaches).toEqual([]);
  });
});

describe("false-alarm", () => {
  it("changes nothing", async () => {
    const { result } = await drill("false-alarm");
    expect(result).toMatchObject({ case: null, status: "ignored", changes: [], awsCalls: { total: 0 } });
  });
});

describe("an interface attached during the approval", () => {
  it("is sealed like the others and voids no approval", async () => {
    const { result, events } = await drill("manual-start", {
      approve: ["convert"],
      variants: ["interface-attached-during-approval"],
    });
    expect(events.some(({ body }) => body.type === "approval.voided")).toBe(false);
    expect(
      result.changes.filter(({ step, state }) => step === "contain.security-groups" && state === "verified"),
    ).toHaveLength(2);
    expect(result.checks.filter(({ what }) => what.endsWith("is sealed")).map(({ ok }) => ok)).toEqual([true, true]);
    expect(result.contained).toBe("partial");
  });
});
