import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildCordon, type Ended, run, runCordon, type ServedRange, serveRange } from "./processes.ts";
import { missingPythonTools, pythonTool } from "./python-tools.ts";

const missing = missingPythonTools("foreign");
/** One interface as boto3 sees it. */
interface SeenInterface {
  readonly id: string;
  readonly groups: readonly string[];
  readonly timers: Readonly<Record<string, number>>;
}

/** What test/foreign/observe.py prints. */
interface Seen {
  readonly interfaces: readonly SeenInterface[];
  readonly entries: Readonly<Record<string, readonly string[]>>;
  readonly profiles: readonly string[];
  readonly policies: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
}

/** What Cordon reports of one change, in `cordon plan` and in `cordon cases show`. */
interface Reported {
  readonly id: string;
  readonly step: string;
  readonly resource: string;
  readonly attribute: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly state: string;
}

const VENDOR = "203.0.113.24";
const ROLE = "payroll-worker";
const PROFILE_ARN = "arn:aws:iam::111122223333:instance-profile/payroll-worker";
const OPEN_ENTRIES = [
  "in 100 allow -1 0.0.0.0/0",
  "in 32767 deny -1 0.0.0.0/0",
  "out 100 allow -1 0.0.0.0/0",
  "out 32767 deny -1 0.0.0.0/0",
];

const settings = {
  AWS_ACCESS_KEY_ID: "range",
  AWS_SECRET_ACCESS_KEY: "range",
  AWS_DEFAULT_REGION: "eu-central-1",
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_PAGER: "",
};

describe.skipIf(missing !== null)("AWS's command line and boto3 beside Cordon", () => {
  const folder = mkdtempSync(join(tmpdir(), "cordon-foreign-"));
  let range: ServedRange;
  let before: Seen;
  let caseId: string;

  const aws = async (...args: readonly string[]): Promise<string> => {
    const all = ["--endpoint-url", range.address, "--output", "text", ...args];
    const { code, stdout, stderr } = await run(pythonTool("foreign", "aws"), all, { folder, settings });
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  };

  const observe = async (): Promise<Seen> => {
    const script = fileURLToPath(new URL("observe.py", import.meta.url));
    const args = [script, range.address, range.instanceId, ROLE];
    const { stdout, stderr } = await run(pythonTool("foreign", "python"), args, { folder, settings });
    if (stderr !== "") throw new Error(stderr);
    return JSON.parse(stdout) as Seen;
  };

  const cordon = (...args: readonly string[]): Promise<Ended> => runCordon(args, folder);

  const respond = async (...orders: readonly string[]): Promise<void> => {
    const flags = ["--apply", "--yes", "--endpoint-url", range.address, "-o", "json"];
    const { code, stdout, stderr } = await cordon("respond", ...orders, ...flags);
    expect(code === 0 ? "" : `${code}: ${stderr}`).toBe(""); // Sealed, and what is missing of the proof is due.
    caseId = (JSON.parse(stdout) as { case: string }[])[0]!.case;
  };

  const reported = async (): Promise<readonly Reported[]> => {
    const { stdout } = await cordon("cases", "show", caseId, "-o", "json");
    return (JSON.parse(stdout) as { changes: Reported[] }).changes;
  };

  beforeAll(async () => {
    await buildCordon();
    range = await serveRange(folder);
    before = await observe();
  }, 120_000);

  afterAll(() => {
    range.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test("before the cut, boto3 sees the groups, profile and entries that the plan names as they are", async () => {
    expect(Object.values(before.entries)).toEqual([OPEN_ENTRIES]);
    expect(before.profiles).toEqual([PROFILE_ARN]);
    expect(Object.keys(before.policies)).toEqual(["read-and-write-exports"]);
    const planned = await cordon("plan", range.instanceId, "--endpoint-url", range.address, "-o", "json");
    const [plan] = JSON.parse(planned.stdout) as {
      stages: { steps: { id: string; changes: Omit<Reported, "step">[] }[] }[];
    }[];
    const steps = plan!.stages.flatMap((stage) => stage.steps);
    const changesOf = (step: string) => steps.find(({ id }) => id === step)!.changes;
    expect(changesOf("contain.security-groups").map((change) => [change.resource, change.before])).toEqual(
      before.interfaces.map(({ id, groups }) => [id, groups]),
    );
    expect(changesOf("contain.instance-profile").map((change) => change.before)).toEqual([
      { arn: PROFILE_ARN, name: "payroll-worker" },
    ]);
    expect(await observe()).toEqual(before);
  });

  test("after the cut, both see what the case says that was changed, and nothing else changed", async () => {
    await respond("--finding", range.eventFile);
    const changes = await reported();
    const seen = await observe();

    const seals = changes.filter(({ step }) => step === "contain.security-groups");
    expect(seals.map(({ state }) => state)).toEqual(["verified", "verified"]);
    expect(seen.interfaces.map(({ id, groups }) => [id, groups])).toEqual(
      seals.map(({ resource, after }) => [resource, after]),
    );
    const [sealed] = seen.interfaces[0]!.groups;
    const rules = ["ec2", "describe-security-group-rules", "--query", "SecurityGroupRules[].SecurityGroupRuleId"];
    const rulesOf = (group: string): Promise<string> => aws(...rules, "--filters", `Name=group-id,Values=${group}`);
    const profile = ["--query", "Reservations[].Instances[].IamInstanceProfile.Arn"];
    const [ofOriginal, ofSealed, profileArn] = await Promise.all([
      rulesOf(before.interfaces[0]!.groups[0]!),
      rulesOf(sealed!),
      aws("ec2", "describe-instances", ...profile, "--instance-ids", range.instanceId),
    ]);
    expect(ofOriginal).toMatch(/^sgr-/);
    expect(ofSealed).toBe("");
    expect(profileArn).toBe("");

    const acl = changes.find(({ step }) => step === "contain.remote-addresses")!.resource;
    expect(seen.entries[acl]).toEqual(
      [`in 99 deny -1 ${VENDOR}/32`, `out 99 deny -1 ${VENDOR}/32`, ...OPEN_ENTRIES].sort(),
    );
    expect(seen.profiles).toEqual([]);
    expect(Object.keys(seen.policies)).toEqual(["CordonDenySessions", "read-and-write-exports"]);
    expect(seen.policies["CordonDenySessions"]).toMatchObject({
      Statement: [
        {
          Effect: "Deny",
          Action: "*",
          Condition: {
            ArnEquals: {
              "ec2:SourceInstanceArn": [`arn:aws:ec2:eu-central-1:111122223333:instance/${range.instanceId}`],
            },
          },
        },
      ],
    });
    expect(seen.interfaces.map(({ timers }) => timers)).toEqual([
      { TcpEstablishedTimeout: 60, UdpTimeout: 30, UdpStreamTimeout: 60 },
      { TcpEstablishedTimeout: 60, UdpTimeout: 30, UdpStreamTimeout: 60 },
    ]);
    const tagged = changes.filter(({ attribute }) => attribute === "tags");
    const ours = tagged.flatMap(({ resource, after }) =>
      Object.entries(after as Record<string, string>).map(([key, value]) => `${resource} ${key}=${value}`),
    );
    expect(ours).toContain(`${range.instanceId} cordon:case=${caseId}`);
    expect(seen.tags).toEqual([...before.tags, ...ours].sort());
    expect(seen.policies["read-and-write-exports"]).toEqual(before.policies["read-and-write-exports"]);
  }, 120_000);

  test("after the release, boto3 sees the account as it was, but for what the steps declare", async () => {
    expect((await cordon("release", caseId, "--yes")).code).toBe(0);
    const seen = await observe();
    // Declared: the timers' defaults are written out, and credentials from before the release stay denied.
    expect(Object.keys(seen.policies)).toEqual(["CordonDenySessions", "read-and-write-exports"]);
    expect(seen.interfaces.map(({ timers }) => timers)).toEqual([
      { TcpEstablishedTimeout: 432_000, UdpTimeout: 30, UdpStreamTimeout: 180 },
      { TcpEstablishedTimeout: 432_000, UdpTimeout: 30, UdpStreamTimeout: 180 },
    ]);
    expect(withoutDeclared(seen)).toEqual(withoutDeclared(before));
  }, 120_000);

  test("what others change during a case is noticed at release, refused, and left as they made it", async () => {
    await respond(range.instanceId, "--playbook", "contain-instance", "--remote-address", VENDOR);
    const [primary, secondary] = before.interfaces;
    const [acl] = Object.keys(before.entries);
    const theirGroup = primary!.groups[0]!;
    await aws(
      "ec2",
      "modify-network-interface-attribute",
      "--network-interface-id",
      secondary!.id,
      "--groups",
      theirGroup,
    );
    await aws("ec2", "create-tags", "--resources", range.instanceId, secondary!.id, "--tags", "Key=ticket,Value=T-1");
    const entry = ["--ingress", "--rule-number", "98", "--protocol=-1", "--rule-action", "deny"];
    await aws(
      "ec2",
      "create-network-acl-entry",
      "--network-acl-id",
      acl!,
      ...entry,
      "--cidr-block",
      "198.51.100.99/32",
    );

    const release = await cordon("release", caseId, "--yes", "-o", "json");
    expect(release.code).toBe(3);
    expect(JSON.parse(release.stdout)).toMatchObject([{ case: caseId, status: "releasedInPart" }]);
    expect(release.stderr).toContain(`${secondary!.id} was changed by somebody else`);
    const refused = (await reported()).filter(({ state }) => state !== "reverted");
    expect(refused).toMatchObject([
      { id: `contain.security-groups/${secondary!.id}/groups`, state: "revertRefused", before: secondary!.groups },
    ]);

    const seen = await observe();
    expect(seen.interfaces.map(({ id, groups }) => [id, groups])).toEqual([
      [primary!.id, primary!.groups],
      [secondary!.id, [theirGroup]],
    ]);
    expect(seen.entries[acl!]).toEqual([...OPEN_ENTRIES, "in 98 deny -1 198.51.100.99/32"].sort());
    expect(seen.profiles).toEqual([PROFILE_ARN]);
    expect(seen.tags).toEqual([...before.tags, `${range.instanceId} ticket=T-1`, `${secondary!.id} ticket=T-1`].sort());

    const accepted = await cordon("release", caseId, "--yes", "--accept", refused[0]!.id, "-o", "json");
    expect({ code: accepted.code, ended: JSON.parse(accepted.stdout) as unknown }).toMatchObject({
      code: 0,
      ended: [{ status: "released" }],
    });
    expect(await observe()).toEqual(seen);
  }, 120_000);
});

function withoutDeclared({ interfaces, policies, ...rest }: Seen): unknown {
  const { CordonDenySessions: _declared, ...theirs } = policies;
  return { ...rest, policies: theirs, groups: interfaces.map(({ id, groups }) => [id, groups]) };
}
