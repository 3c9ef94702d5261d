import { expect, it } from "vitest";
import { caseOf } from "../../src/core/case.ts";
import type { Happening } from "../../src/core/journal.ts";
import { sha256 } from "../../src/core/json.ts";
import { createSecurityGroup, newRule } from "../../src/range/world/build-network.ts";
import { fitted } from "../../src/engine/large-events.ts";
import { memoryVault } from "../../src/vault/memory.ts";
import { change, planned } from "./decided.ts";
import { createLaboratory, cutAndProve, openCase } from "./harness.ts";

const target = { account: "111122223333", region: "eu-west-1", instanceId: "i-0a" };
const tools = (vault: Parameters<typeof fitted>[1]["vault"]): Parameters<typeof fitted>[1] => ({
  vault,
  caseId: "c",
  target: async () => target,
  now: 0,
});
const full = { put: () => Promise.reject(new Error("no space left on device")) };
const longest = (bodies: readonly Happening[]): number =>
  Math.max(...bodies.map((body) => Buffer.byteLength(JSON.stringify(body))));
const proof = (survivors: number): Happening => ({
  type: "assessment.made",
  stage: "prove",
  step: "assess.proof",
  checks: [
    ...Array.from({ length: 500 }, (_, n) => ({
      code: "c" as never,
      kind: "information" as const,
      what: `rule ${n}`,
      ok: true,
      expected: "e".repeat(50),
      observed: "o".repeat(50),
    })),
    { code: "c" as never, kind: "sealed", what: "eni-1 is open", ok: false, expected: "sealed", observed: "open" },
  ],
  survivors: Array.from({ length: survivors }, (_, n) => ({
    code: "flow-possible",
    what: `flow ${n}`,
    kind: n === survivors - 1 ? "credentials" : "tcp",
    certainty: n === survivors - 1 ? "indicated" : "possible",
    why: "w".repeat(100),
    lever: "l",
    blastRadius: "b",
  })) as never,
  contained: false,
  statement: "not contained",
  asOf: "2026-01-15T12:00:00.000Z",
  artifact: null,
  requests: [],
});

it("leaves what fits as it is", async () => {
  const bodies = [planned("cut", "contain.seal", change("contain.seal/eni-1"))];
  expect(await fitted(bodies, tools(full))).toBe(bodies);
});

it("puts a proof that is too long into the vault by its hash, and keeps what decides in the event", async () => {
  const vault = memoryVault();
  const body = proof(1000);
  const [stored, made] = await fitted([body], tools(vault));
  if (stored?.type !== "artifact.stored" || made?.type !== "assessment.made") throw new Error("other events came");
  const content = await vault.get(vault.keyOf(stored.location) ?? "");
  expect(JSON.parse(new TextDecoder().decode(content ?? new Uint8Array()))).toEqual(body);
  expect(sha256(content ?? "")).toBe(stored.sha256);
  expect(made.whole).toMatchObject({ artifact: stored.artifact, sha256: stored.sha256 });
  expect(longest([stored, made])).toBeLessThanOrEqual(60_000);
  expect(made.checks[0]).toMatchObject({ kind: "sealed", ok: false });
  expect(made.survivors.map(({ certainty, kind }) => `${certainty} ${kind}`)).toContain("indicated credentials");
});

it("says what was cut if the vault does not take it", async () => {
  const bodies = await fitted([proof(1000)], tools(full));
  expect(bodies).toHaveLength(1);
  expect(bodies[0]?.whole).toMatchObject({ artifact: null });
  expect(bodies[0]?.whole?.cut).toContain("of survivors; the vault did not take it: no space left on device");
});

it("writes a plan that is too long as several events, and no change is lost", async () => {
  const changes = Array.from({ length: 300 }, (_, n) => change(`contain.seal/eni-${n}`, { after: "a".repeat(1000) }));
  const bodies = await fitted([planned("cut", "contain.seal", ...changes)], tools(full));
  expect(bodies.length).toBeGreaterThan(4);
  expect(longest(bodies)).toBeLessThanOrEqual(60_000);
  const { caseWith } = await import("./decided.ts");
  const state = caseWith(bodies);
  expect([...state.changes.values()].filter(({ state: at }) => at === "planned")).toHaveLength(300);
  expect(state.steps.get("cut/contain.seal")).toMatchObject({ plans: 1, seen: 2 });
});

it("fails a step by name if one change alone is too long", async () => {
  const huge = change("contain.seal/eni-1", { before: "b".repeat(70_000) });
  const bodies = await fitted([planned("cut", "contain.seal", huge)], tools(full));
  expect(bodies).toMatchObject([{ type: "step.failed", code: "event_too_long", step: "contain.seal" }]);
});

it("fits every text that a person may give", async () => {
  const reason = "\u{1f512}".repeat(40_000);
  const bodies = await fitted([{ type: "release.asked", reason }], tools(memoryVault()));
  expect(longest(bodies)).toBeLessThanOrEqual(60_000);
  expect(bodies.map(({ type }) => type)).toEqual(["artifact.stored", "release.asked"]);
});

it("an instance with 240 rules is cut off, proved and settled", async () => {
  const playbook = cutAndProve();
  const lab = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook });
  await lab.clock.run(async () => {
    const [victim] = lab.range.scenario.targets;
    if (!victim) throw new Error("the scenario has no target");
    const place = lab.range.world.place(victim.account, victim.region);
    const nic = [...place.region.interfaces.values()].find((one) => one.attachment?.instanceId === victim.instanceId);
    if (!nic) throw new Error("the target has no interface");
    const groups = [0, 1, 2, 3].map((g) => {
      const group = createSecurityGroup(place, { vpcId: nic.vpcId, name: `g${g}`, description: "d" });
      group.rules = Array.from({ length: 60 }, (_, n) => {
        const port = 1000 * g + n + 1;
        const peer = { kind: "ipv4", cidr: "192.0.2.0/24" } as const;
        return newRule(place, { egress: false, protocol: "tcp", fromPort: port, toPort: port, peer });
      });
      return group;
    });
    lab.range.world.change(nic, () => (nic.groupIds = groups.map(({ id }) => id)));
    const life = lab.live();
    const id = await openCase(lab, life, playbook);
    const state = await life.runner.work(id, { signal: lab.signal });
    expect(state.settled).not.toBe(null);
    expect(state.assessments.length).toBeGreaterThan(0);
    const events = await lab.events(id);
    expect(Math.max(...events.map((event) => JSON.stringify(event).length))).toBeLessThan(65_536);
    expect(caseOf(events).settled).toBe(state.settled);
  });
  lab.close();
});
