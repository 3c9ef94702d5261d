import { describe, expect, test } from "vitest";
import { ada, freshFile, instance, later, processOn } from "./process.ts";

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
    expect(again?.mustAsk?.reason).toMatch(/^it was last seen before case-20260115-[0-9a-f]{12} was released/);
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
