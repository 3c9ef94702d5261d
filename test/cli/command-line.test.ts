import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Desk, type Ended, openDesk, root, type Served } from "./served-range.ts";

let desk: Desk;
let served: Served;
let eventFile: string;

beforeAll(async () => {
  desk = await openDesk();
  eventFile = join(desk.folder, "finding.json");
  // Twenty times as fast as a clock on the wall: the minute in which IAM's policies spread takes three seconds.
  served = await desk.serve("--speed", "20", "--event", eventFile);
}, 60_000);

afterAll(() => desk.close());

const cordon = (...args: string[]): Promise<Ended> => desk.cordon(...args);

const target = (): string => served.targets[0]!.instanceId;

test("help is printed on stdout and names the exit codes", async () => {
  const { code, stdout, stderr } = await cordon("--help");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("Exit codes: 0 done, or cut off (sealed or true); 2 wrong usage;");
});

test("the version is that of the package", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  expect(await cordon("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test.each([
  [["frobnicate"], "unknown command 'frobnicate'"],
  [["respond"], "The list of instances is not valid: it is empty: give instance ids or --finding FILE."],
  [["respond", "i-xyz"], "Instance id i-xyz is not valid: expected i- and 8 or 17 hexadecimal digits."],
  [
    ["respond", "i-0123456789abcdef0", "--remote-address", "nobody"],
    "Remote address nobody is not valid: expected an address such as 198.51.100.7:443/tcp.",
  ],
  [["respond", "i-0123456789abcdef0", "--region", "here"], "region is not valid: expected one such as eu-west-1."],
  [["triage", "."], "File . is not valid: it is a folder."],
  [["playbooks", "validate", "."], "File . is not valid: it is a folder."],
  [["drill", "--approve", "nothing"], "Stage nothing is not valid: the playbooks have "],
  [["drill", "--playbook", "nothing"], "Playbook nothing is not valid: expected one of collect-and-isolate, "],
  [["respond", "--finding", "nowhere.json"], "File nowhere.json is not valid: there is no such file."],
  [["release", "i-0123456789abcdef0"], "There is no case i-0123456789abcdef0 in this store."],
  [["cases", "show", "case-1"], "There is no case case-1 in this store."],
  [["reject", "case-1"], "A rejection without --reason is not valid"],
  [
    ["plan", "i-0123456789abcdef0", "-o", "xml"],
    "argument 'xml' is invalid. Allowed choices are table, json, jsonl, yaml.",
  ],
  [
    ["plan", "i-0123456789abcdef0", "--endpoint-url", "here"],
    "Endpoint here is not valid: expected an address such as http://127.0.0.1:4566.",
  ],
  [["range", "serve", "--port", "0", "--scenario", "peace"], "Scenario peace is not valid: expected one of c2-beacon,"],
])("wrong use %j is told on stderr, prints no data and exits with 2", async (args, message) => {
  const { code, stdout, stderr } = await cordon(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("    at ");
});

test("without a terminal and without --yes nothing is applied, and nothing hangs", async () => {
  const { code, stderr } = await cordon("respond", target(), "--apply", "--endpoint-url", served.address);
  expect(code).toBe(2);
  expect(stderr).toContain(
    "--apply without --yes is not valid: nobody can be asked, for there is no terminal; nothing was changed.",
  );
});

test("a plan names each change with its before and after, and opens no case", async () => {
  const { code, stdout } = await cordon("plan", target(), "--endpoint-url", served.address, "-o", "json");
  expect(code).toBe(0);
  const [plan] = JSON.parse(stdout) as {
    stages: {
      id: string;
      steps: { id: string; changes: { attribute: string; before: string[]; after: string[] }[] }[];
    }[];
  }[];
  const seals = plan!.stages.flatMap(({ steps }) => steps).find(({ id }) => id === "contain.security-groups")!.changes;
  expect(seals.map(({ attribute }) => attribute)).toEqual(["groups", "groups"]);
  expect(seals.every(({ before, after }) => before[0] !== after[0] && after.length === 1)).toBe(true);
  expect(await cordon("cases", "ls")).toMatchObject({ code: 0, stdout: "No cases. `cordon drill` rehearses one.\n" });
  expect(await cordon("resume")).toEqual({ code: 0, stdout: "", stderr: "No case is open.\n" });
});

test("a plan for an instance that is not there says so, and prints no plan", async () => {
  const { code, stdout, stderr } = await cordon("plan", "i-0123456789abcdef0", "--endpoint-url", served.address);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("There is no instance i-0123456789abcdef0 in account 111122223333, region eu-central-1.");
});

test("a plan names what has one of Cordon's groups though no open case put it there", async () => {
  const ec2 = new EC2Client({
    endpoint: served.address,
    region: "eu-central-1",
    credentials: { accessKeyId: "range", secretAccessKey: "range" },
  });
  const { NetworkInterfaces: [nic] = [] } = await ec2.send(
    new DescribeNetworkInterfacesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [target()] }] }),
  );
  const { SecurityGroups: [sealed] = [] } = await ec2.send(
    new DescribeSecurityGroupsCommand({
      Filters: [
        { Name: "tag:cordon:prepared", Values: ["sealed"] },
        { Name: "vpc-id", Values: [nic!.VpcId!] },
      ],
    }),
  );
  const setGroups = (Groups: string[]) =>
    ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: nic!.NetworkInterfaceId!, Groups }));
  await setGroups([sealed!.GroupId!]);
  try {
    const { stdout } = await cordon("plan", target(), "--endpoint-url", served.address);
    expect(stdout).toContain(
      `Foreign: ${nic!.NetworkInterfaceId} of ${target()} has Cordon's group ${sealed!.GroupId}`,
    );
    expect((await cordon("setup", "--endpoint-url", served.address)).stderr).toContain("Foreign: ");
  } finally {
    await setGroups(nic!.Groups!.map(({ GroupId }) => GroupId!));
  }
});

test("an instance is contained from its finding, shown with its original groups, and released", async () => {
  const responded = await cordon(
    "respond",
    "--finding",
    eventFile,
    "--apply",
    "--yes",
    "--endpoint-url",
    served.address,
    "-o",
    "json",
  );
  expect(responded.stderr).toContain("A range answers: its clock is used, and nothing in AWS is touched.");
  expect(responded.stderr).toContain(
    "Acting as arn:aws:iam::111122223333:root in account 111122223333 (range-111122223333), eu-central-1",
  );
  expect(responded.stderr).not.toContain("MaxListenersExceededWarning");
  expect(responded.stderr).toContain(`    saves: ${target()}\n`);
  expect(JSON.parse(responded.stdout)).toMatchObject([{ instance: target(), status: "sealed", contained: "sealed" }]);
  expect(responded.code).toBe(0); // What is missing is due: CloudTrail has not delivered yet what the proof rests on.

  const shown = JSON.parse((await cordon("cases", "show", target(), "-o", "json")).stdout) as {
    originals: { attribute: string; value: unknown }[];
    changes: { step: string; attribute: string; before: unknown; state: string }[];
    journal: object;
  };
  const groups = shown.originals.filter(({ attribute }) => attribute === "groups").map(({ value }) => value);
  const before = shown.changes.filter(({ step }) => step === "contain.security-groups").map((change) => change.before);
  expect(groups).toHaveLength(2);
  expect(new Set(before)).toEqual(new Set(groups));
  expect(shown.journal).toMatchObject({ ok: true });

  const refused = await cordon("release", target());
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  const released = await cordon("release", target(), "--yes", "-o", "json"); // Where the range is was remembered.
  expect(JSON.parse(released.stdout)).toMatchObject([{ status: "released", contained: null }]);
  expect(released.code).toBe(0);
  expect((await cordon("release", target(), "--yes")).stderr).toContain("is released already.");
}, 60_000);

test("credentials of another account never act on a case", async () => {
  const document = JSON.parse(readFileSync(eventFile, "utf8")) as { detail: { accountId: string } };
  document.detail.accountId = "999988887777";
  const file = join(desk.folder, "elsewhere.json");
  writeFileSync(file, JSON.stringify(document));
  const { code, stderr } = await cordon(
    "respond",
    "--finding",
    file,
    "--apply",
    "--yes",
    "--endpoint-url",
    served.address,
  );
  expect(code).toBe(6);
  expect(stderr).toContain(
    "The finding is about account 999988887777, and these credentials belong to account 111122223333.",
  );
});

test("a policy for the steps is printed, and allows to terminate nothing but workstations of its own", async () => {
  const { stdout } = await cordon("permissions", "-o", "json");
  const { Statement } = JSON.parse(stdout) as { Statement: { Effect: string; Action: string | string[] }[] };
  const allowed = Statement.filter(({ Effect }) => Effect === "Allow").flatMap(({ Action }) => Action);
  expect(allowed).toContain("ec2:ModifyNetworkInterfaceAttribute");
  const terminating = Statement.filter(({ Action }) => [Action].flat().includes("ec2:TerminateInstances"));
  expect(terminating).toMatchObject([
    { Effect: "Allow", Condition: { StringEquals: { "aws:ResourceTag/cordon:workstation": "true" } } },
    { Effect: "Deny", Condition: { StringNotEquals: { "aws:ResourceTag/cordon:workstation": "true" } } },
  ]);
  expect(Statement.at(-1)).toMatchObject({ Effect: "Deny", Action: "ec2:TerminateInstances" });
});

test("setup says of a VPC that is not there that there is none, and makes nothing", async () => {
  const { code, stdout, stderr } = await cordon(
    "setup",
    "--vpc",
    "vpc-unknown",
    "--apply",
    "--endpoint-url",
    served.address,
  );
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("There is no VPC vpc-unknown in account 111122223333, region eu-central-1.");
});

test("a profile that is not there is named, from the command line and from the environment", async () => {
  const config = join(desk.folder, "aws-config");
  writeFileSync(config, "[profile there]\nregion = eu-central-1\n");
  const files = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: join(desk.folder, "none") };
  const told = "error: There is no profile nope in the configuration files of AWS's tools.\n";
  const flagged = await desk.begin(["setup", "--profile", "nope", "--region", "eu-central-1"], files).ended;
  const inherited = await desk.begin(["setup", "--region", "eu-central-1"], { ...files, AWS_PROFILE: "nope" }).ended;
  const there = await desk.begin(["setup", "--profile", "there"], files).ended;
  expect(flagged).toMatchObject({ code: 6, stdout: "", stderr: expect.stringContaining(told) as string });
  expect(inherited).toMatchObject({ code: 6, stdout: "", stderr: expect.stringContaining(told) as string });
  expect(there.code).toBe(6); // It is there, and has no credentials.
  expect(there.stderr).toContain("Could not load credentials");
});

test("setup makes what is missing only when it is told to", async () => {
  const looked = JSON.parse((await cordon("setup", "--endpoint-url", served.address, "-o", "json")).stdout) as {
    state: string;
  }[];
  expect(looked.length).toBeGreaterThan(0);
  const made = await cordon("setup", "--apply", "--endpoint-url", served.address, "-o", "json");
  expect(made.code).toBe(0);
  expect((JSON.parse(made.stdout) as { groupId: string | null }[]).every(({ groupId }) => groupId !== null)).toBe(true);
});
