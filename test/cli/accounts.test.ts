import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build, type Hub, HUB, MEMBER, memberEntry, openHub } from "./hub.ts";

let hub: Hub;
let target: string;

beforeAll(async () => {
  await build();
  hub = await openHub();
  target = hub.range.scenario.targets[0]!.instanceId;
}, 120_000);
afterAll(() => hub.close());

function findingFile(): string {
  const file = join(hub.folder, "finding.json");
  writeFileSync(file, JSON.stringify(hub.range.events()[0]));
  return file;
}

test("a finding of an account that is neither the caller's own nor listed is refused, and says how to list it", async () => {
  hub.configure("");
  const { code, stderr } = await hub.cordon("respond", "--finding", findingFile(), "--apply", "--yes");
  expect(code).toBe(6);
  expect(stderr).toContain(`The finding is about account ${MEMBER}, and these credentials belong to account ${HUB}.`);
  expect(stderr).toContain("name its role under `accounts` of cordon.yaml");
});

test("an account of the list with a role of the wrong external id is refused before anything is done", async () => {
  hub.configure(memberEntry.replace("agreed-with-the-hub", "another-id"));
  const { code, stderr } = await hub.cordon("respond", "--finding", findingFile(), "--apply", "--yes");
  expect(code).toBe(6);
  expect(stderr).toContain("AssumeRole");
});

test("a finding of a listed account is contained under its role, and released without a flag", async () => {
  hub.configure(memberEntry);
  const from = hub.range.calls.length;
  const responded = await hub.cordon("respond", "--finding", findingFile(), "--apply", "--yes", "-o", "json");
  expect(responded.stderr).toContain(`Acting as arn:aws:sts::${MEMBER}:assumed-role/Cordon/cordon-ada`);
  expect(JSON.parse(responded.stdout)).toMatchObject([{ instance: target, status: "sealed", contained: "sealed" }]);
  const callers = new Set(
    hub.range.calls
      .slice(from)
      .filter(({ service }) => service === "ec2")
      .map(({ callerArn }) => callerArn),
  );
  expect([...callers]).toEqual([`arn:aws:sts::${MEMBER}:assumed-role/Cordon/cordon-ada`]);

  const released = await hub.cordon("release", target, "--yes", "-o", "json");
  expect(JSON.parse(released.stdout)).toMatchObject([{ status: "released" }]);
}, 60_000);

test("a finding of an account that cannot be reached keeps no finding of another account from being carried out", async () => {
  hub.configure(memberEntry);
  const [event] = hub.range.events() as [{ detail: Record<string, unknown> }];
  const { detail } = event;
  const foreign = {
    ...event,
    account: "555566667777",
    detail: { ...detail, id: "0".repeat(32), accountId: "555566667777" },
  };
  const file = join(hub.folder, "findings.json");
  writeFileSync(file, JSON.stringify([foreign, event]));
  const responded = await hub.cordon("respond", "--finding", file, "--apply", "--yes", "-o", "json");
  expect(responded.stderr).toContain(
    `${target}: nothing was done in account 555566667777. The finding is about account`,
  );
  expect(JSON.parse(responded.stdout)).toMatchObject([{ instance: target, account: MEMBER, contained: "sealed" }]);
  expect(responded.code).toBe(6);
}, 60_000);

test("instances that a person names are looked for in the account that he names", async () => {
  hub.configure(memberEntry);
  const planned = await hub.cordon("plan", target, "--account", MEMBER, "-o", "json");
  expect(planned.code).toBe(0);
  const wrong = await hub.cordon("plan", target, "--account", "123");
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
  const nowhere = await hub.cordon("plan", target, "--account", "555566667777");
  expect(nowhere.code).toBe(6);
  expect(nowhere.stderr).toContain("belong to account 999988887777");
}, 60_000);
