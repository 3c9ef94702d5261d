import { expect, it } from "vitest";
import type { Actor } from "../../src/core/journal.ts";
import { createLaboratory, openCase, shippedPlaybook } from "./harness.ts";

const intake: Actor = { kind: "cordon", id: "intake", channel: "engine" };

it("a finding that joins after the cut has its address denied as well, and the case is proved again", async () => {
  const playbook = shippedPlaybook("compromised-instance");
  const laboratory = createLaboratory({ scenario: "second-address", seed: 5, playbook });
  const { clock, range, signal } = laboratory;
  await clock.run(async () => {
    range.start(signal);
    const life = laboratory.live();
    const { runner } = life;
    const caseId = await openCase(laboratory, life, playbook);
    const before = await runner.work(caseId, { signal });
    const proofs = before.assessments.length;
    const [first] = before.findings;
    if (!first) throw new Error("the case has no finding");
    const remoteAddresses = [{ address: "198.51.100.140", port: 443, protocol: "tcp" as const }];
    const finding = { ...first, id: "another", remoteAddresses };
    await runner.append(
      caseId,
      [{ type: "finding.joined", finding, verdict: "compromised", reason: "another" }],
      intake,
    );
    const after = await runner.work(caseId, { signal });
    const denied = [...after.changes.values()].filter(({ change }) => change.step === "contain.remote-addresses");
    expect(denied.map(({ change, state }) => `${change.attribute} ${state}`)).toEqual([
      "203.0.113.24 verified",
      "198.51.100.140 verified",
    ]);
    expect(after.assessments.length).toBeGreaterThan(proofs);
    const deniedAt = clock.now();
    await clock.sleep(120_000);
    expect(
      range
        .attackers()
        .find(({ name }) => name === "second-beacon")
        ?.succeededAt(deniedAt),
    ).toEqual([]);
    laboratory.close();
  });
});
