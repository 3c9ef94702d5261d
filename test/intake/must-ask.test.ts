import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/core/finding.ts";
import { ada, freshFile, instance, processOn } from "./process.ts";

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
