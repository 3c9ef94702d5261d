import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Desk, openDesk, root, type Served, type UnderWay } from "./served-range.ts";

let desk: Desk;
let served: Served;

beforeAll(async () => {
  desk = await openDesk();
  served = await desk.serve("--speed", "60", "--scenario", "attack-sequence");
  mkdirSync(join(desk.home, "playbooks"), { recursive: true });
  copyFileSync(join(root, "test", "engine", "cut-and-prove.yaml"), join(desk.home, "playbooks", "cut-and-prove.yaml"));
  const ids = served.targets.map(({ instanceId }) => instanceId);
  const flags = ["--playbook", "cut-and-prove", "--apply", "--yes", "--endpoint-url", served.address];
  await desk.begin(["respond", ...ids, ...flags]).ended;
}, 120_000);
afterAll(() => desk.close());

function inStore(sql: string): void {
  const database = new Database(join(desk.home, "store.sqlite"));
  database.exec(`pragma busy_timeout = 5000; ${sql}`);
  database.close();
}

/** How many proofs each instance has. */
async function proofs(): Promise<readonly number[]> {
  const database = new Database(join(desk.home, "store.sqlite"));
  const rows = served.targets.map(({ instanceId }) =>
    database
      .prepare(
        `select count(*) as proofs from events where event like '%"assessment.made"%'
         and case_id in (select id from cases where instance = ?)`,
      )
      .get(instanceId),
  ) as readonly { readonly proofs: number }[];
  database.close();
  return rows.map((row) => row.proofs);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 400; looks++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`never came: ${what}`);
}

function watching(): UnderWay & { said(): string } {
  const underWay = desk.begin(["watch"]);
  let text = "";
  underWay.child.stderr?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return { ...underWay, said: () => text };
}

const show = (): Promise<string> =>
  desk.cordon("cases", "show", served.targets[0]!.instanceId).then(({ stdout }) => stdout);

describe("cordon watch", { timeout: 120_000 }, () => {
  it("proves each case again, which cases show tells; an interrupt ends it with 130", async () => {
    expect(await show()).toMatch(/The last proof was made at \S+ \S+Z and is ageing: nothing works on this case/);
    const before = await proofs();
    const { child, ended } = watching();
    await until("another proof of each", async () => (await proofs()).every((count, at) => count > before[at]! + 1));
    expect(await show()).toMatch(/The last proof was made at \S+ \S+Z; a process is at work on this case/);
    child.kill("SIGINT");
    expect((await ended).code).toBe(130);
  });

  it("goes on with the others if one case fails, and with that one when it can", async () => {
    const [failing, ...others] = served.targets.map(({ instanceId }) => instanceId);
    inStore(
      `create trigger planted before insert on events when new.event like '%"assessment.made"%'
       and new.case_id in (select id from cases where instance = '${failing}') begin select raise(abort, 'planted'); end`,
    );
    const before = await proofs();
    const { child, ended, said } = watching();
    await until("proofs of the others", async () =>
      (await proofs()).every((count, at) => (at === 0 ? count === before[0] : count > before[at]! + 1)),
    );
    await until("the failure", async () => /case-\S+: .*planted.*It is tried again\./.test(said()));
    inStore("drop trigger planted");
    await until("a proof of the one that failed", async () => (await proofs())[0]! > before[0]!);
    const released = await desk.cordon("release", failing!, ...others, "--yes");
    expect(released.code).not.toBe(2);
    expect(JSON.parse((await desk.cordon("cases", "ls", "--open", "-o", "json")).stdout)).toEqual([]);
    child.kill("SIGINT"); // It would stay for the deny on old credentials that a release leaves for half a day.
    expect((await ended).code).toBe(130);
    expect(await desk.cordon("watch", "--once")).toMatchObject({ code: 0 });
  });
});
