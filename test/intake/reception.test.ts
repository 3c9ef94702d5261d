import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createResponder } from "../../src/cli/compose.ts";
import { policyOf } from "../../src/cli/policy.ts";
import { readConfig } from "../../src/config/read.ts";
import type { CaseState } from "../../src/core/case.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import type { Finding } from "../../src/core/finding.ts";
import type { Actor } from "../../src/core/journal.ts";
import type { HandedOver } from "../../src/core/route.ts";
import { dispositionsOf } from "../../src/intake/dispositions.ts";
import { readPlaybook } from "../../src/playbooks/read.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { takeIn } from "../../src/runners/intake.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { memoryVault } from "../../src/vault/memory.ts";
import { finding } from "./handed-over.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-reception-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const freshFile = (): string => join(folder, `store-${(files += 1)}.db`);

const START = Date.parse("2026-01-15T12:00:00.000Z");
const playbook = (id: string, answers: string, more: string) =>
  readPlaybook(`id: ${id}\ntitle: T\nanswers: [${answers}]\n${more}`, { file: id, steps: ["contain.security-groups"] });
const stage =
  "{ id: cut, approval: { of: responders, within: 15m, on_timeout: proceed }, steps: [contain.security-groups] }";
const playbooks = [
  playbook(
    "cut",
    '"Backdoor:EC2/*", "Recon:EC2/*", "AttackSequence:EC2/*", "Manual:EC2/*"',
    `autonomy: confirmed\nstages: [${stage}]`,
  ),
  playbook("other", "", `autonomy: suspected\nstages: [{ id: cut, steps: [contain.security-groups] }]`),
];

const engine: Actor = { kind: "cordon", id: "intake", channel: "engine" };
const ada: Actor = { kind: "person", id: "ada", channel: "cli" };

/** One process on a store: it takes findings in, and nothing acts on the cases. */
function processOn(path: string, { owner = "one", config = "", seed = 1 } = {}) {
  const clock = new SimulatedClock(START);
  const store = openSqlite(path, { hold: () => clock.hold() });
  const settings = readConfig(config, {});
  const runner = createResponder({
    clock,
    random: seededRandom(seed),
    store,
    vault: memoryVault(),
    settings,
    playbooks,
    owner,
    clients: () => {
      throw new TypeError("nothing may call AWS here");
    },
  });
  const sent: HandedOver[] = [];
  let refuses = false;
  const tools = {
    runner,
    store,
    clock,
    random: seededRandom(seed + 1),
    owner,
    automaticPerHour: settings.automaticContainmentsPerHour,
    handOver: {
      send: async (_: unknown, document: HandedOver) => {
        if (refuses) throw new Error("it is down");
        sent.push(document);
        return "taken";
      },
    },
  };
  const take = async (one: Finding, { by = engine, tags = {} } = {}) => {
    const who = { orderedBy: by.kind === "person" ? by.id : null, actor: by };
    const taken = [];
    for (const disposition of dispositionsOf(one, tags, policyOf(settings, playbooks)))
      taken.push(await takeIn(disposition, who, tools));
    return taken;
  };
  const ids = async (): Promise<readonly string[]> => store.cases();
  const cases = async (): Promise<readonly CaseState[]> => Promise.all((await ids()).map((id) => runner.load(id)));
  return {
    clock,
    store,
    runner,
    sent,
    cases,
    refuse: (how: boolean) => {
      refuses = how;
    },
    /** What came of each instance: opened, joined, known; or what happened to the finding. */
    take: async (one: Partial<Finding> = {}, options: Parameters<typeof take>[1] = {}) =>
      (await clock.run(() => take({ ...finding, ...one }, options))).flatMap((each) =>
        each.kind === "cases" ? each.cases.map(({ how }) => how) : [each.kind],
      ),
    release: async () => {
      for (const id of await ids())
        await clock.run(() => runner.append(id, [{ type: "release.asked", reason: "over" }], ada));
    },
  };
}

const later = (minutes: number): string => new Date(START + minutes * 60_000).toISOString();
const instance = (number: number): string => `i-${String(number).padStart(17, "0")}`;

describe("the same finding", () => {
  test("opens a case once, and joins it when it was updated", async () => {
    const one = processOn(":memory:");
    expect(await one.take()).toEqual(["opened"]);
    expect(await one.take()).toEqual(["known"]);
    expect(await one.take({ updatedAt: later(5) })).toEqual(["joined"]);
    expect(await one.take({ updatedAt: later(5) })).toEqual(["known"]);
    expect((await one.cases()).map(({ findings }) => findings.length)).toEqual([2]);
  });

  test("opens nothing when it comes again after the release, and asks when it only tells of what was before", async () => {
    const one = processOn(":memory:");
    await one.take();
    await one.take({ updatedAt: later(5) });
    await one.release();
    expect(await one.take()).toEqual(["known"]);
    expect(await one.take({ updatedAt: later(5) })).toEqual(["known"]);
    expect(await one.take({ updatedAt: later(6) })).toEqual(["opened"]);
    const [, again] = await one.cases();
    expect(again?.mustAsk?.reason).toMatch(/^it was last seen before case-20260115-[0-9a-f]{8} was released/);
    expect(again?.mustAsk?.unanswered).toBe("hold");
  });

  test("is acted on again after the release when it was seen since, and on a person's order", async () => {
    const one = processOn(":memory:");
    await one.take();
    await one.release();
    expect(await one.take({}, { by: ada })).toEqual(["opened"]);
    await one.release();
    expect(await one.take({ updatedAt: later(9), lastSeen: later(8) })).toEqual(["opened"]);
    expect((await one.cases()).map(({ mustAsk }) => mustAsk)).toEqual([null, null, null]);
  });

  test("opens one case though two processes and two deliveries within each receive it at once", async () => {
    const path = freshFile();
    const [one, other] = [processOn(path, { owner: "one" }), processOn(path, { owner: "other", seed: 5 })];
    const outcomes = await Promise.all([one.take(), one.take(), other.take(), other.take()]);
    expect(outcomes.flat().toSorted()).toEqual(["known", "known", "known", "opened"]);
    expect(await one.store.cases()).toHaveLength(1);
  });
});

describe("a verdict", () => {
  test("that is lower never weakens a case, and one that is higher ends the asking", async () => {
    const one = processOn(":memory:");
    await one.take({ id: "weak", type: "Recon:EC2/Portscan" });
    await one.take();
    await one.take({ id: "weaker", type: "Recon:EC2/Portscan" });
    expect((await one.cases()).map(({ verdict, findings }) => [verdict, findings.length])).toEqual([
      ["compromised", 3],
    ]);
  });

  test.each([{ sample: true }, { archived: true }])("%j opens no case and joins none", async (of) => {
    const one = processOn(":memory:");
    expect(await one.take(of)).toEqual(["ignored"]);
    await one.take();
    expect(await one.take({ ...of, updatedAt: later(1) })).toEqual(["ignored"]);
    expect((await one.cases()).map(({ findings }) => findings.length)).toEqual([1]);
  });
});

describe("several instances", () => {
  const sequence = { type: "AttackSequence:EC2/CompromisedInstanceGroup", instances: [1, 2, 3].map(instance) };

  test("are a case each, in one incident, also across accounts", async () => {
    const one = processOn(":memory:");
    expect(await one.take(sequence)).toEqual(["opened", "opened", "opened"]);
    await one.take({ ...sequence, account: "444455556666", instances: [instance(4)] });
    const cases = await one.cases();
    expect(cases.map(({ target }) => target.instanceId)).toEqual([1, 2, 3, 4].map(instance));
    expect(new Set(cases.map(({ incident }) => incident)).size).toBe(1);
    expect(new Set(cases.map(({ nonce }) => nonce)).size).toBe(4);
  });

  test("come into the incident of the one whose case is open", async () => {
    const one = processOn(":memory:");
    await one.take({ instances: [instance(2)] });
    expect(await one.take({ ...sequence, id: "f2" })).toEqual(["opened", "joined", "opened"]);
    expect(new Set((await one.cases()).map(({ incident }) => incident)).size).toBe(1);
  });
});

describe("who is exempt", () => {
  test.each([
    [`exempt: { accounts: ["111122223333"] }`, { reason: "account 111122223333 is exempt", unanswered: "hold" }],
    [
      "exempt: { instances: [i-0123456789abcdef0] }",
      { reason: "instance i-0123456789abcdef0 is exempt", unanswered: "hold" },
    ],
    ["exempt: { tags: { env: prod* } }", { reason: "its tag env is exempt", unanswered: "playbook" }],
    ["routes: [{ when: { type: Backdoor:* }, to: ask }]", { reason: "route 1", unanswered: "playbook" }],
  ])("%s: people are asked, though the verdict is compromised", async (config, mustAsk) => {
    const one = processOn(":memory:", { config });
    await one.take({}, { tags: { "i-0123456789abcdef0": { env: "production" } } });
    expect((await one.cases()).map((each) => [each.verdict, each.mustAsk])).toEqual([["compromised", mustAsk]]);
  });

  test("a person's own order is carried out, and ends the asking of a case that is open", async () => {
    const config = "exempt: { instances: [i-0123456789abcdef0] }";
    const ordered = processOn(":memory:", { config });
    await ordered.take({}, { by: ada });
    expect((await ordered.cases()).map(({ mustAsk }) => mustAsk)).toEqual([null]);
    const asked = processOn(":memory:", { config });
    await asked.take();
    await asked.take({ id: "word", source: "manual", type: "Manual:EC2/CompromisedInstance" }, { by: ada });
    expect((await asked.cases()).map(({ mustAsk }) => mustAsk)).toEqual([null]);
  });
});

describe("the limit per hour", () => {
  const many = (count: number): Partial<Finding> => ({
    instances: Array.from({ length: count }, (_, index) => instance(index)),
  });
  const asked = async (one: ReturnType<typeof processOn>) => (await one.cases()).filter(({ mustAsk }) => mustAsk);

  test("lets twenty instances of an account be contained without a person, and asks about the next", async () => {
    const one = processOn(":memory:");
    await one.take(many(21));
    const beyond = await asked(one);
    expect(beyond.map(({ mustAsk }) => mustAsk)).toEqual([
      {
        reason:
          "20 instances of account 111122223333 were contained without a person within an hour (automaticContainmentsPerHour)",
        unanswered: "hold",
      },
    ]);
    await one.take({ id: "f2", account: "444455556666" });
    expect(await asked(one)).toHaveLength(1);
  });

  test("is one for all processes", async () => {
    const path = freshFile();
    const config = "automaticContainmentsPerHour: 4";
    const [one, other] = [processOn(path, { config }), processOn(path, { config, owner: "other", seed: 5 })];
    await Promise.all([
      one.take({ ...many(5), id: "a" }),
      other.take({ id: "b", instances: [5, 6, 7, 8, 9].map(instance) }),
    ]);
    expect(await one.cases()).toHaveLength(10);
    expect(await asked(one)).toHaveLength(6);
  });

  test("begins anew after an hour", async () => {
    const one = processOn(":memory:", { config: "automaticContainmentsPerHour: 1" });
    await one.take({ instances: [instance(1)] });
    await one.take({ id: "f2", instances: [instance(2)] });
    await one.clock.run(() => one.clock.sleep(3_600_001));
    await one.take({ id: "f3", instances: [instance(3)] });
    expect((await asked(one)).map(({ target }) => target.instanceId)).toEqual([instance(2)]);
  });

  test("counts no person's order", async () => {
    const one = processOn(":memory:", { config: "automaticContainmentsPerHour: 0" });
    await one.take({}, { by: ada });
    expect(await asked(one)).toEqual([]);
  });

  test("counts a suspicion when it becomes a certainty, where silence would not have contained it", async () => {
    const config = "automaticContainmentsPerHour: 0";
    const one = processOn(":memory:", { config });
    await one.take({ type: "Recon:EC2/Portscan" }); // Silence would contain it after a quarter of an hour.
    expect(await asked(one)).toHaveLength(1);
  });
});

describe("a finding that others take over", () => {
  const config = `routes: [{ to: { eventBus: "arn:aws:events:eu-west-1:111122223333:event-bus/soc" } }]`;

  test("is handed over once for each of its states, and opens no case", async () => {
    const one = processOn(":memory:", { config });
    await one.take();
    await one.take();
    await one.take({ updatedAt: later(1) });
    expect(one.sent).toHaveLength(2);
    expect(one.sent[0]).toMatchObject({ verdict: "compromised", why: "route 1", instances: ["i-0123456789abcdef0"] });
    expect(new Set(one.sent.map(({ id }) => id)).size).toBe(2);
    expect(await one.cases()).toEqual([]);
  });

  test("is handed over when it comes again, after a receiver that failed", async () => {
    const one = processOn(":memory:", { config });
    one.refuse(true);
    await expect(one.take()).rejects.toThrow(
      "Finding f1 could not be handed over to arn:aws:events:eu-west-1:111122223333:event-bus/soc: it is down.",
    );
    one.refuse(false);
    expect(await one.take()).toEqual(["handedOver"]);
    expect(one.sent).toHaveLength(1);
  });
});

test("a finding about which something must be done, and that names no instance, is an error", async () => {
  const one = processOn(":memory:");
  await expect(one.take({ type: "AttackSequence:EKS/CompromisedCluster", instances: [] })).rejects.toThrow(
    "Finding f1 (AttackSequence:EKS/CompromisedCluster) names no instance: ",
  );
  expect(await one.cases()).toEqual([]);
});

test("a type that nobody knows asks about the playbook that a person's word would lead to", async () => {
  const one = processOn(":memory:");
  await one.take({ type: "Custom:EC2/OurRule" });
  expect((await one.cases()).map(({ playbook, verdict, mustAsk }) => [playbook, verdict, mustAsk?.unanswered])).toEqual(
    [["cut", "suspected", "playbook"]],
  );
});
