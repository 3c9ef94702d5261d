import { expect, test } from "vitest";
import type { Finding } from "../core/finding.ts";
import type { Conditions, Destination, Route } from "../core/route.ts";
import { assertPlaybooksKnown, routeOf } from "./routes.ts";
import { judge } from "./triage.ts";

const finding: Finding = {
  id: "f1",
  source: "guardduty",
  type: "Backdoor:EC2/C&CActivity.B",
  title: "C2",
  severity: 8,
  account: "111122223333",
  region: "eu-west-1",
  instances: ["i-0123456789abcdef0"],
  role: null,
  remoteAddresses: [],
  channel: null,
  interfaces: [],
  firstSeen: "2026-11-01T12:00:00.000Z",
  lastSeen: "2026-11-01T12:00:00.000Z",
  updatedAt: "2026-11-01T12:00:00.000Z",
  sample: false,
  archived: false,
  rawSha256: "",
};

const ask: Destination = { kind: "ask", playbook: null };
const route = (when: Conditions, to: Destination = ask, name: string | null = null): Route => ({ name, when, to });
const way = (routes: readonly Route[], of: Partial<Finding> = {}, tags: Record<string, string> = {}) => {
  const one = { ...finding, ...of };
  return routeOf(one, judge(one), routes, tags);
};

test.each<[Conditions, boolean]>([
  [{}, true],
  [{ type: ["Backdoor:EC2/*"] }, true],
  [{ type: ["Trojan:*", "Backdoor:*"] }, true],
  [{ type: ["Backdoor"] }, false],
  [{ severity: { min: 8 } }, true],
  [{ severity: { min: 8.1 } }, false],
  [{ severity: { max: 8 } }, true],
  [{ severity: { min: 4, max: 7.9 } }, false],
  [{ account: ["444455556666", "111122223333"] }, true],
  [{ account: ["444455556666"] }, false],
  [{ region: ["eu-west-1"] }, true],
  [{ region: ["us-east-1"] }, false],
  [{ product: ["guardduty"] }, true],
  [{ product: ["security-hub"] }, false],
  [{ verdict: ["compromised"] }, true],
  [{ verdict: ["suspected"] }, false],
  [{ tags: { role: ["web", "db*"] } }, true],
  [{ tags: { role: ["web"] } }, false],
  [{ tags: { role: ["db*"], missing: ["*"] } }, false],
  [{ tags: { toString: ["*"] } }, false],
  [{ type: ["Backdoor:*"], account: ["444455556666"] }, false],
])("a route on %j matches: %s", (when, matches) => {
  expect(way([route(when)], {}, { role: "db-1" }).kind).toBe(matches ? "ask" : "playbook");
});

test("the first route that matches decides, and says which it was", () => {
  const routes = [
    route({ severity: { max: 3 } }, { kind: "ignore" }),
    route({ type: ["Backdoor:*"] }, { kind: "playbook", playbook: "contain-instance" }, "back doors"),
    route({ type: ["*"] }, ask),
  ];
  expect(way(routes)).toEqual({ kind: "playbook", playbook: "contain-instance", why: "route 2, back doors" });
  expect(way(routes, { severity: 2 })).toEqual({ kind: "ignore", why: "route 1" });
  expect(way(routes, { type: "Trojan:EC2/DropPoint" })).toEqual({ kind: "ask", playbook: null, why: "route 3" });
});

test.each<[string, Partial<Finding>]>([
  ["a sample finding: nothing happened", { sample: true }],
  ["archived in GuardDuty: somebody has dealt with it", { archived: true }],
])("no route can make anything of it: %s", (why, of) => {
  const target = { kind: "stateMachine", arn: "arn:aws:states:eu-west-1:111122223333:stateMachine:soc" } as const;
  for (const to of [
    { kind: "playbook", playbook: "contain-instance" },
    { kind: "handOver", target },
  ] as const)
    expect(way([route({}, to)], of)).toEqual({ kind: "ignore", why });
});

test.each<[string, Partial<Finding>, string]>([
  ["what is compromised goes to the playbook that answers it", {}, "playbook"],
  ["what is suspected too", { type: "Recon:EC2/Portscan" }, "playbook"],
  ["a type that is not known asks, whatever the playbook's autonomy", { type: "Custom:EC2/OurRule" }, "ask"],
  ["a person's statement is known", { source: "manual", type: "Manual:EC2/CompromisedInstance" }, "playbook"],
  ["an exposure is ignored", { type: "Recon:EC2/PortProbeUnprotectedPort" }, "ignore"],
  ["what is about no instance is ignored", { type: "Policy:S3/BucketPublicAccessGranted", instances: [] }, "ignore"],
])("without a route %s", (_, of, kind) => {
  expect(way([], of).kind).toBe(kind);
});

test("a route may lead an exposure to a playbook", () => {
  const to = { kind: "playbook", playbook: "contain-instance" } as const;
  expect(way([route({ verdict: ["exposure"] }, to)], { type: "Recon:EC2/PortProbeUnprotectedPort" }).kind).toBe(
    "playbook",
  );
});

test("a route to a playbook that is not there is refused at load", () => {
  const routes = [route({}, ask), route({}, { kind: "ask", playbook: "nowhere" })];
  expect(() => assertPlaybooksKnown(routes, { playbooks: [{ id: "cut" }], file: "cordon.yaml" })).toThrow(
    "cordon.yaml is not a valid configuration: routes.1.to.playbook: there is no playbook nowhere",
  );
  assertPlaybooksKnown(routes, { playbooks: [{ id: "nowhere" }], file: "cordon.yaml" });
});
