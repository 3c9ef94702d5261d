import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readConfig } from "../../src/config/read.ts";
import { routeOf } from "../../src/intake/routes.ts";
import { judge } from "../../src/intake/triage.ts";
import { finding } from "./handed-over.ts";

const page = readFileSync(new URL("../../docs/triage.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = ""]) => text);

test("every example of the page is a configuration that Cordon reads", () => {
  expect(examples).toHaveLength(2);
  expect(examples.map((text) => readConfig(text, {}).routes.length)).toEqual([7, 0]);
  expect(readConfig(examples[1] ?? "", {})).toMatchObject({
    exempt: { accounts: ["111122223333"], tags: { environment: ["prod*"] } },
    automaticContainmentsPerHour: 20,
    vault: null,
  });
});

test.each([
  ["Recon:EC2/Portscan", { role: "scanner" }, {}, "route 1, scanners", "ask"],
  ["Recon:EC2/Portscan", {}, { account: "999999999999" }, "no route: the playbook that answers the type", "playbook"],
  ["Behavior:EC2/NetworkPortUnusual", {}, { severity: 3.9 }, "route 2", "ignore"],
  ["Backdoor:EC2/Spambot", {}, {}, "route 3", "playbook"],
  ["Backdoor:EC2/Spambot", {}, { account: "444455556666" }, "route 4", "ask"],
  ["Recon:EC2/PortProbeUnprotectedPort", {}, { account: "999999999999" }, "route 5", "handOver"],
  ["AttackSequence:EC2/CompromisedInstanceGroup", {}, { account: "999999999999" }, "route 6", "handOver"],
  ["Custom:OurRule", {}, { account: "999999999999" }, "route 7", "handOver"],
])("with the page's routes %s, tags %j and %j goes %s", (type, tags, of, why, kind) => {
  const one = { ...finding, type, ...of };
  expect(routeOf(one, judge(one), readConfig(examples[0] ?? "", {}).routes, tags)).toMatchObject({ why, kind });
});

test("the page gives each verdict's way without a route as the code does", () => {
  const rows = [...page.matchAll(/^\| `(\w+)` +\|/gm)].map(([, verdict]) => verdict);
  expect(rows).toEqual(
    expect.arrayContaining(["compromised", "suspected", "exposure", "unrelated", "sample", "archived"]),
  );
});
