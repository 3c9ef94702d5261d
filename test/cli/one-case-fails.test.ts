import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Desk, openDesk, root, type Served } from "./served-range.ts";

let desk: Desk;
let served: Served;

beforeAll(async () => {
  desk = await openDesk();
  served = await desk.serve("--speed", "20", "--scenario", "attack-sequence");
  mkdirSync(join(desk.home, "playbooks"), { recursive: true });
  copyFileSync(join(root, "test", "engine", "cut-and-prove.yaml"), join(desk.home, "playbooks", "cut-and-prove.yaml"));
  await desk.cordon("cases", "ls"); // Makes the store.
}, 60_000);
afterAll(() => desk.close());

/** Runs SQL in the store beside the commands: a trigger that raises is a write that fails for one case alone. */
function inStore(sql: string): void {
  const database = new Database(join(desk.home, "store.sqlite"));
  database.exec(`pragma busy_timeout = 5000; ${sql}`);
  database.close();
}

const respond = (...instances: readonly string[]) =>
  desk.cordon(
    "respond",
    ...instances,
    "--playbook",
    "cut-and-prove",
    "--apply",
    "--yes",
    "--endpoint-url",
    served.address,
    "-o",
    "json",
  );

const answers = (stdout: string) => JSON.parse(stdout) as { instance: string; contained: unknown }[];

describe("respond on several instances", { timeout: 120_000 }, () => {
  it("cuts the others off when the case of one cannot be opened, and names it", async () => {
    const [refused, ...others] = served.targets.map(({ instanceId }) => instanceId);
    expect(others.length).toBeGreaterThan(0);
    inStore(
      `create trigger planted before insert on cases when new.instance = '${refused}' begin select raise(abort, 'planted'); end`,
    );
    const { code, stdout, stderr } = await respond(refused!, ...others);
    inStore("drop trigger planted");
    expect(stderr).toContain(`${refused}: no case was opened, and nothing was changed there.`);
    expect(answers(stdout).map(({ instance }) => instance)).toEqual(others);
    expect(answers(stdout).every(({ contained }) => contained !== null && contained !== false)).toBe(true);
    expect(code).toBe(3);
  });

  it("cuts the others off when the work on one fails, and names it", async () => {
    const [failing, ...others] = served.targets.map(({ instanceId }) => instanceId);
    inStore(
      `create trigger planted before insert on events when new.event like '%"act.started"%'
       and new.case_id in (select id from cases where instance = '${failing}') begin select raise(abort, 'planted'); end`,
    );
    const { code, stdout, stderr } = await respond(failing!, ...others);
    inStore("drop trigger planted");
    expect(stderr).toMatch(/^case-\S+: .*planted/m);
    expect(answers(stdout).map(({ instance }) => instance)).toEqual([failing, ...others]);
    expect(answers(stdout).map(({ contained }) => contained !== null)).toEqual([false, ...others.map(() => true)]);
    expect(code).toBe(3);
    const resumed = await desk.cordon("resume", "-o", "json");
    expect(answers(resumed.stdout).every(({ contained }) => contained !== null && contained !== false)).toBe(true);
  });
});
