import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DescribeNetworkInterfacesCommand, DescribeSecurityGroupsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Desk, type Ended, openDesk, type UnderWay } from "./served-range.ts";

let desk: Desk;
let address = "";
let instanceId = "";

beforeAll(async () => {
  desk = await openDesk();
  writeFileSync(join(desk.folder, "cordon.yaml"), "approvers:\n  responders: [grace]\n");
  // Ten times as fast as a clock on the wall: the 70 s in which the instance is open take seven.
  const served = await desk.serve("--speed", "10", "--scenario", "manual-start");
  address = served.address;
  instanceId = served.targets[0]?.instanceId ?? "";
}, 180_000);

afterAll(() => desk.close());

const begin = (args: readonly string[], person = "ada"): UnderWay => desk.begin(args, { CORDON_PERSON: person });
const cordon = (...args: string[]): Promise<Ended> => desk.cordon(...args);

/** The names of the groups that each interface of the target has now. */
async function groupNames(): Promise<readonly string[]> {
  const ec2 = new EC2Client({
    endpoint: address,
    region: "eu-central-1",
    credentials: { accessKeyId: "looks", secretAccessKey: "looks" },
  });
  const { NetworkInterfaces = [] } = await ec2.send(
    new DescribeNetworkInterfacesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [instanceId] }] }),
  );
  const ids = NetworkInterfaces.flatMap(({ Groups = [] }) => Groups.map(({ GroupId = "" }) => GroupId));
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [...new Set(ids)] }));
  const names = new Map(SecurityGroups.map(({ GroupId = "", GroupName = "" }) => [GroupId, GroupName]));
  return ids.map((id) => names.get(id) ?? id);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 600; looks++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`never came: ${what}`);
}

const respond = ["--playbook", "compromised-instance", "--apply", "--yes"] as const;
const sealed = /^cordon-sealed-/;
const open = /^cordon-open-/;

test("a respond that is killed as it seals is carried on by resume, and nothing is lost", async () => {
  const before = await groupNames();
  const { child, ended } = begin(["respond", instanceId, ...respond, "--endpoint-url", address]);
  await until("a sealed interface", async () => (await groupNames()).some((name) => sealed.test(name)));
  child.kill("SIGKILL");
  await ended;
  const resumed = await cordon("resume");
  expect(resumed.code).toBe(0); // Sealed, and what is missing of the proof is due.
  expect((await groupNames()).every((name) => sealed.test(name))).toBe(true);
  const shown = await cordon("cases", "show", instanceId, "-o", "json");
  const { originals, journal } = JSON.parse(shown.stdout) as {
    originals: readonly { attribute: string; value: unknown }[];
    journal: { ok: boolean };
  };
  expect(journal.ok).toBe(true);
  expect(originals.some(({ attribute }) => attribute === "groups")).toBe(true);
  expect(before.some((name) => sealed.test(name))).toBe(false);
}, 180_000);

test("a conversion that is killed while the instance is open is shown, and sealed by whichever command comes next", async () => {
  const unread = await cordon("approve", instanceId, "--stage", "convert");
  expect(unread).toMatchObject({ code: 2, stderr: expect.stringContaining("An approval without --hash") as string });
  const read = JSON.parse((await cordon("cases", "show", instanceId, "-o", "json")).stdout) as {
    approvals: readonly { stage: string; hash: string }[];
  };
  const hash = read.approvals.find(({ stage }) => stage === "convert")?.hash ?? "";
  const { child, ended } = begin(["approve", instanceId, "--stage", "convert", "--hash", hash], "grace");
  await until("an open interface", async () => (await groupNames()).some((name) => open.test(name)));
  child.kill("SIGKILL");
  await ended;
  expect((await groupNames()).some((name) => open.test(name))).toBe(true);
  const next = await cordon("cases", "ls");
  expect(next.code).toBe(0);
  expect(next.stderr).toContain("may be open since a process ended. Sealing first.");
  expect((await groupNames()).every((name) => sealed.test(name))).toBe(true);
  const resumed = await cordon("resume");
  // It was open for less than the dwell, so what was tracked may live on: nobody calls that contained.
  expect(resumed.code).toBe(0); // Sealed, and what is missing of the proof is due.
  expect(resumed.stdout).toContain("sealed");
  expect(resumed.stdout).not.toContain("contained as of");
}, 180_000);

test("a release that is killed is carried on by resume, and puts everything back", async () => {
  const { child, ended } = begin(["release", instanceId, "--yes"]);
  await until("an interface that is not sealed", async () => !(await groupNames()).every((name) => sealed.test(name)));
  child.kill("SIGKILL");
  await ended;
  const resumed = await cordon("resume");
  expect(resumed.code).toBe(0);
  expect((await groupNames()).some((name) => sealed.test(name) || open.test(name))).toBe(false);
  const shown = await cordon("cases", "show", instanceId, "-o", "json");
  expect((JSON.parse(shown.stdout) as { status: string }).status).toBe("released");
}, 180_000);
