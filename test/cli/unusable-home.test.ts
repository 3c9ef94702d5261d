import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Desk, openDesk, root } from "./served-range.ts";

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
  chmodSync(desk.folder, 0o755);
}, 60_000);
afterAll(() => desk.close());

/** Lists the cases with this variable set, and holds that there is neither output nor a stack. */
async function listWith(variables: Readonly<Record<string, string>>) {
  const { code, stdout, stderr } = await desk.begin(["cases", "ls"], variables).ended;
  expect(stdout).toBe("");
  expect(stderr).not.toContain("    at ");
  expect(stderr).not.toContain("does not know");
  return { code, stderr };
}

const isRoot = process.getuid?.() === 0;

/** Runs the command line as somebody without rights: root may do everything. */
function asNobody(home: string) {
  const rights = isRoot ? { uid: 65_534, gid: 65_534 } : {};
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "dist", "cordon.js"), "cases", "ls"], {
    cwd: "/",
    encoding: "utf8",
    env: {
      CORDON_HOME: home,
      CORDON_PERSON: "ada",
      AWS_EC2_METADATA_DISABLED: "true",
      PATH: process.env["PATH"] ?? "",
    },
    ...rights,
  });
  return { code: status, stdout, stderr };
}

const at = (...names: readonly string[]): string => join(desk.folder, ...names);

function folderWithStore(name: string, make: (file: string) => void): { readonly home: string; readonly file: string } {
  const home = at(name);
  mkdirSync(home, { mode: 0o700 });
  const file = join(home, "store.sqlite");
  make(file);
  return { home, file };
}

describe("a folder that cannot hold the state", () => {
  it("is refused if CORDON_HOME is empty, a file, below a file, or where none can be made", async () => {
    writeFileSync(at("file"), "");
    const homes: readonly (readonly [string, string])[] = [
      ["", "CORDON_HOME is set and empty"],
      [at("file"), "it is a file"],
      [at("file", "below"), "a file stands where a folder should be"],
      ...(existsSync("/proc") ? [["/proc/x", "it cannot be made there"] as const] : []),
    ];
    for (const [home, reason] of homes) {
      const { code, stderr } = await listWith({ CORDON_HOME: home });
      expect(stderr).toBe(
        `error: The folder ${home === "" ? '""' : home} cannot hold Cordon's state: ${reason}.\n` +
          "Nothing was changed. Set CORDON_HOME to a folder that you may write to.\n",
      );
      expect(code).toBe(2);
    }
  });

  it("is refused if one may not write there, whether it is there or not", () => {
    const home = at("closed");
    mkdirSync(home);
    chmodSync(home, 0o555);
    for (const each of [home, join(home, "below")]) {
      const { code, stdout, stderr } = asNobody(each);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain(`The folder ${each} cannot hold Cordon's state: you may not write there.`);
    }
    chmodSync(home, 0o755);
  });
});

describe("a file that is no store that one can use", () => {
  it("is refused and not touched if it is another program's database", async () => {
    const { home, file } = folderWithStore("foreign", (path) => {
      const database = new Database(path);
      database.exec("create table songs (title text); insert into songs values ('x')");
      database.close();
      chmodSync(path, 0o644);
    });
    const before = readFileSync(file);
    const { code, stderr } = await listWith({ CORDON_HOME: home });
    expect(stderr).toContain(`${file} is not a store of Cordon: it has the table songs of another program.`);
    expect(stderr).toContain("Nothing in it was changed. Move it away, or set CORDON_HOME to another folder.");
    expect(code).toBe(2);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o644);
  });

  it("is refused if it is no database, or a folder", async () => {
    const text = folderWithStore("text", (path) => writeFileSync(path, "hello ".repeat(200)));
    expect(await listWith({ CORDON_HOME: text.home })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${text.file} is not a store of Cordon: file is not a database.`) as string,
    });
    const folder = folderWithStore("folder", (path) => mkdirSync(path));
    expect(await listWith({ CORDON_HOME: folder.home })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(
        `The store ${folder.file} cannot be written: the file cannot be opened.`,
      ) as string,
    });
  });

  it("is refused if a newer Cordon wrote it", async () => {
    const { home, file } = folderWithStore("newer", (path) => {
      const database = new Database(path);
      database.exec("create table cases (id text); create table events (id text); pragma user_version = 99");
      database.close();
    });
    const { code, stderr } = await listWith({ CORDON_HOME: home });
    expect(stderr).toContain(`The store ${file} was written by a newer Cordon (version 99, this one reads `);
    expect(code).toBe(2);
  });

  it("is named if it can only be read", () => {
    const { home, file } = folderWithStore("readonly", (path) => {
      const database = new Database(path);
      database.exec("create table cases (id text); create table events (id text); pragma user_version = 4");
      database.close();
      chmodSync(path, 0o444);
    });
    if (isRoot) chownSync(home, 65_534, 65_534);
    const { code, stdout, stderr } = asNobody(home);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(new RegExp(`The store ${file} cannot be written: .*`));
    expect(stderr).toContain("What was recorded stays");
  });

  it("is named if the disk takes no more of it", () => {
    const home = at("limited");
    // A limit on the size of files: SQLite's write ends in an error of the disk.
    const run = spawnSync(
      "/bin/sh",
      ["-c", `ulimit -f 1; exec "$0" "$1" cases ls`, process.execPath, join(root, "dist", "cordon.js")],
      {
        encoding: "utf8",
        cwd: desk.folder,
        env: { CORDON_HOME: home, CORDON_PERSON: "ada", PATH: process.env["PATH"] ?? "" },
      },
    );
    expect({ code: run.status, stdout: run.stdout }).toEqual({ code: 3, stdout: "" });
    expect(run.stderr).toMatch(/The disk failed under the store|There is no room left on the disk for the store/);
    expect(run.stderr).toContain("Look at the disk, then `cordon resume`.");
  });

  it.runIf(existsSync("/dev/full"))("is named if the device it lies on is full", async () => {
    const { home } = folderWithStore("full", (path) => symlinkSync("/dev/full", path));
    const { code, stderr } = await listWith({ CORDON_HOME: home });
    expect(code).toBe(3);
    expect(stderr).toBe(
      `error: There is no room left on the disk for the store ${join(home, "store.sqlite")}.\n` +
        "What was recorded stays; what was begun and not recorded is looked at again. Make room, then `cordon resume`.\n",
    );
    rmSync(home, { recursive: true });
  });
});

describe("what Cordon writes for itself", () => {
  it("is private: its folder, its store and what SQLite puts beside it", async () => {
    const home = at("private");
    await desk.begin(["cases", "ls"], { CORDON_HOME: home }).ended;
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(statSync(join(home, "store.sqlite")).mode & 0o777).toBe(0o600);
  });

  it("becomes private again in a folder that others may use, which is said", async () => {
    const home = at("shared");
    await desk.begin(["cases", "ls"], { CORDON_HOME: home }).ended;
    chmodSync(home, 0o755);
    chmodSync(join(home, "store.sqlite"), 0o644);
    const { code, stderr } = await desk.begin(["cases", "ls"], { CORDON_HOME: home }).ended;
    expect(code).toBe(0);
    expect(stderr).toContain(
      `Others may use ${home} (mode 755), where playbooks are read from: \`chmod 700 ${home}\`.`,
    );
    expect(statSync(join(home, "store.sqlite")).mode & 0o777).toBe(0o600);
  });
});

describe("CORDON_PERSON", () => {
  it.each([
    ["a".repeat(129), "it has 129 characters, and at most 128 are taken"],
    ["ada\u001b[31m", "it has characters that cannot be printed"],
    ["ada\nlovelace", "it has characters that cannot be printed"],
    ["  ", "it is blank"],
  ])("is refused as %j", async (person, reason) => {
    const { code, stderr } = await listWith({ CORDON_PERSON: person });
    expect(stderr).toContain(`CORDON_PERSON is not valid: ${reason}.`);
    expect(code).toBe(2);
  });

  it("may be as long as a name is", async () => {
    expect((await desk.begin(["cases", "ls"], { CORDON_PERSON: "ä".repeat(128) }).ended).code).toBe(0);
  });
});
