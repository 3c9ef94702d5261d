import { expect, test } from "vitest";
import { shippedPlaybooks } from "../../bench/playbooks.ts";
import { runDrill } from "../../src/cli/drill/run.ts";
import type { DrillReport } from "../../src/cli/drill/report.ts";
import type { Variant } from "../../src/range/scenarios/scenario.ts";

const playbooks = shippedPlaybooks();

function drill(scenario: string, variants: readonly Variant[]): Promise<DrillReport> {
  return runDrill({ scenario, variants, seed: 1, playbooks });
}

/** The statements of each kind of assessment, with the seconds after the receipt. */
function statements({ events, receivedAt }: DrillReport, step: string) {
  return events.flatMap(({ body }) =>
    body.type === "assessment.made" && body.step === step
      ? [{ after: Math.floor((Date.parse(body.asOf) - receivedAt) / 1000), ...body }]
      : [],
  );
}

const sees = "flow logs show nothing accepted";

test("a flow that nobody named is possible at once, and named by the flow logs ten minutes later", async () => {
  const report = await drill("miner-behind-nat", ["flow-logs", "unnamed-controller"]);
  const [proof] = statements(report, "assess.containment");
  const [look] = statements(report, "assess.flow-logs");
  expect(proof?.survivors.map(({ what }) => what).join()).not.toContain("198.51.100.140");
  expect(proof?.survivors.some(({ certainty }) => certainty === "indicated")).toBe(false);
  expect(look?.after).toBe(600);
  expect(look?.statement).toMatch(/^Contained in part as of \S+ Open: /);
  const named = report.result.survivors.filter(({ certainty }) => certainty === "indicated");
  expect(named.map(({ what, lever }) => [what.replace(/eni-\S+/, "eni"), lever])).toEqual([
    ["TCP with 198.51.100.140 port 443 on eni", "contain.network-acl, or contain.stop"],
  ]);
  expect(report.result.contained).toBe("partial");
  expect(report.result.attackers.find(({ name }) => name === "unnamed-beacon")?.cut).toBe(false);
}, 60_000);

test("after a clean cut the last packet that was accepted lies before it, and nothing is called open", async () => {
  const report = await drill("c2-beacon", ["flow-logs"]);
  const checks = report.result.checks.filter(({ what }) => what.startsWith(sees));
  expect(checks.map(({ ok, expected, observed }) => [ok, expected, observed.replace(/reach \S+/, "reach")])).toEqual([
    [
      true,
      "records, and no packet accepted after 12:00:30Z",
      "the last packet was accepted at 12:00:27Z (TCP with 203.0.113.24 port 443, 588 bytes); records reach",
    ],
    [true, "records, and no packet accepted after 12:00:30Z", "no packet was accepted; records reach"],
  ]);
  expect(report.result).toMatchObject({ contained: true, status: "contained", score: 100, timeToIsolationMs: 80 });
}, 60_000);

test("a proof of the network later erases nothing that flow logs named, and their silence nothing that is possible", async () => {
  const unnamed = await drill("miner-behind-nat", ["flow-logs", "unnamed-controller"]);
  const clean = await drill("miner-behind-nat", ["flow-logs"]);
  for (const report of [unnamed, clean]) {
    const possible = report.result.survivors.filter(({ what }) => what.startsWith("TCP with the rest of 0.0.0.0/0"));
    expect(possible).toHaveLength(1);
    expect(report.result.contained).toBe("partial");
  }
  expect(clean.result.survivors.filter(({ certainty }) => certainty === "indicated")).toEqual([]);
}, 60_000);

test("the same seed gives the same journal, and without flow logs nothing else is said than that there are none", async () => {
  const [one, other] = [await drill("c2-beacon", ["flow-logs"]), await drill("c2-beacon", ["flow-logs"])];
  expect(one.result.journal.head).toBe(other.result.journal.head);
  const { result } = await drill("c2-beacon", []);
  expect(result.checks.filter(({ kind }) => kind === "record").map(({ observed }) => observed)).toEqual([
    "none",
    "none",
  ]);
  expect(result).toMatchObject({ contained: true, score: 100, timeToIsolationMs: 80 });
}, 60_000);
