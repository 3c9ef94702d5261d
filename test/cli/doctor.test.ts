import { afterEach, beforeAll, expect, test } from "vitest";
import type { PolicyDocument } from "../../src/range/world/identity.ts";
import { build, cordonAlone, type Ended, type Hub, MEMBER, memberEntry, openHub } from "./hub.ts";

interface Report {
  readonly checks: readonly { what: string; state: string; detail: string; remedy: string | null }[];
  readonly additions: readonly { role: string; policy: { Statement: { Action: string[] }[] } }[];
}

const PLAYBOOK = "quick-containment";
const SIMULATE = { Effect: "Allow" as const, Action: "iam:SimulatePrincipalPolicy", Resource: "*" };
let hub: Hub;

beforeAll(build, 60_000);
afterEach(() => hub.close());

/** The policy that is printed for the playbook, without some actions. */
async function leastPolicy({
  without = [],
  simulate,
}: {
  readonly without?: readonly string[];
  readonly simulate: boolean;
}): Promise<PolicyDocument> {
  const { stdout } = await cordonAlone("permissions", "--playbook", PLAYBOOK, "-o", "json");
  const { Statement } = JSON.parse(stdout) as { Statement: { Action: string | string[] }[] };
  const kept = Statement.map((each) => ({
    ...each,
    Action: [each.Action].flat().filter((action) => !without.includes(action)),
  })).filter(({ Action }) => Action.length > 0);
  return { Version: "2012-10-17", Statement: [...kept, ...(simulate ? [SIMULATE] : [])] };
}

async function examined(...flags: readonly string[]): Promise<Ended & { readonly report: Report }> {
  const ended = await hub.cordon("doctor", "--playbook", PLAYBOOK, ...flags, "-o", "json");
  return { ...ended, report: JSON.parse(ended.stdout) as Report };
}

const states = ({ checks }: Report, state: string) => checks.filter((each) => each.state === state);

test("a role with the printed policy lacks nothing", async () => {
  hub = await openHub({ member: await leastPolicy({ simulate: true }) });
  hub.configure(memberEntry);
  const from = hub.range.calls.length;
  const { code, report } = await examined("--account", MEMBER);
  expect(report.additions).toEqual([]);
  expect(report.checks.map(({ what, state }) => `${state} ${what}`)).toEqual(
    expect.arrayContaining(["ok endpoint and credentials", "ok Region", "ok permissions", "ok vault"]),
  );
  expect(states(report, "missing")).toEqual([]);
  expect(code).toBe(0);
  const asked = hub.range.calls.slice(from).map(({ operation }) => operation);
  expect(asked.filter((operation) => !/^(Describe|Get|Simulate|Assume|List)/.test(operation))).toEqual([]); // It changes nothing.
}, 60_000);

test("what the doctor may not read is said to be unknown", async () => {
  const without = ["ec2:DescribeRegions"];
  hub = await openHub({ member: await leastPolicy({ without, simulate: true }) });
  hub.configure(memberEntry);
  const { report } = await examined("--account", MEMBER);
  expect(states(report, "unknown").map(({ what }) => what)).toEqual(["Region"]);
}, 60_000);

test("what is missing is named exactly, and the policy that is printed adds it", async () => {
  const without = ["ec2:ModifyNetworkInterfaceAttribute", "iam:PutRolePolicy"];
  hub = await openHub({ member: await leastPolicy({ without, simulate: true }) });
  hub.configure(memberEntry);
  const { code, report } = await examined("--account", MEMBER);
  expect(code).toBe(6);
  expect(
    states(report, "missing")
      .map(({ what }) => what)
      .filter((what) => what.includes(":")),
  ).toEqual(without);
  const [addition] = report.additions;
  expect(addition!.role).toBe(`arn:aws:iam::${MEMBER}:role/Cordon`);
  expect(addition!.policy.Statement.flatMap(({ Action }) => Action)).toEqual(without);

  const { world } = hub.range;
  const role = world.account(MEMBER).roles.get("Cordon")!;
  const document = addition!.policy as unknown as PolicyDocument;
  world.change(role, () => role.inlinePolicies.set("added", { text: JSON.stringify(document), document }));
  const after = await examined("--account", MEMBER);
  expect(after.report.additions).toEqual([]);
}, 60_000);

test("a role that may not simulate is asked by dry runs, and what has none is said to be unknown", async () => {
  hub = await openHub({
    member: await leastPolicy({ without: ["ec2:ModifyNetworkInterfaceAttribute"], simulate: false }),
  });
  hub.configure(memberEntry);
  const { code, report } = await examined("--account", MEMBER);
  expect(code).toBe(6);
  expect(report.additions[0]!.policy.Statement.flatMap(({ Action }) => Action)).toEqual([
    "ec2:ModifyNetworkInterfaceAttribute",
  ]);
  const open = states(report, "unknown").find(({ what }) => what === "permissions");
  expect(open!.detail).toContain("iam:PutRolePolicy");
  expect(open!.detail).not.toContain("ec2:DescribeInstances");
  expect(open!.remedy).toContain("iam:SimulatePrincipalPolicy");
}, 60_000);

test("a role that does not trust the caller, and a Region that is not opted in, are said to be that", async () => {
  hub = await openHub();
  hub.configure(memberEntry.replace("agreed-with-the-hub", "another-id"));
  const refused = await examined("--account", MEMBER);
  expect(refused.code).toBe(6);
  expect(states(refused.report, "missing")).toMatchObject([
    { what: `role arn:aws:iam::${MEMBER}:role/Cordon`, remedy: expect.stringContaining("external id") as string },
  ]);

  hub.configure(memberEntry);
  const disabled = await examined("--account", MEMBER, "--region", "me-south-1");
  expect(disabled.code).toBe(6);
  expect(states(disabled.report, "missing")).toMatchObject([
    { what: "Region", remedy: expect.stringContaining("enable-region --region-name me-south-1") as string },
  ]);
  hub.range.world.account(MEMBER).optedIn.add("me-south-1");
  const enabled = await examined("--account", MEMBER, "--region", "me-south-1");
  expect(enabled.code).toBe(0);
}, 60_000);
