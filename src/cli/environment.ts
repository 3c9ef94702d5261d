import { randomInt } from "node:crypto";
import { accessSync, closeSync, constants, existsSync, openSync } from "node:fs";
import { readFileSync, readSync, statSync } from "node:fs";
import { homedir, hostname, userInfo } from "node:os";
import { join, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { readConfig } from "../config/read.ts";
import { CordonError } from "../core/errors.ts";
import type { Actor } from "../core/journal.ts";
import { isPrintable } from "../intake/printable.ts";
import { makeFolders } from "../vault/folders.ts";

/** What the process finds around it: the only place where the command line reads the environment. */
export interface Environment {
  readonly home: string;
  readonly config: Config;
  readonly configFile: string;
  readonly person: Actor;
  /** Names this life of the process, for leases. */
  readonly owner: string;
  readonly hasTerminal: boolean;
  /** Whether words may be coloured besides: a terminal, and nobody who asks for none (https://no-color.org). */
  readonly isColoured: boolean;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** @throws CordonError `config_invalid` */
export function readEnvironment(): Environment {
  const variables = process.env;
  const configFile = configPath();
  return {
    home: homePath(),
    config: readConfig(readIfThere(configFile), variables, configFile),
    configFile,
    person: { kind: "person", id: personName(), channel: "cli" },
    owner: `${hostname()}:${process.pid}:${Math.round(performance.timeOrigin)}`,
    hasTerminal: process.stdin.isTTY && process.stderr.isTTY,
    isColoured: process.stderr.isTTY && (process.env["NO_COLOR"] ?? "") === "",
    variables,
  };
}

/**
 * Where state lies: `CORDON_HOME`, else `~/.cordon`.
 *
 * @throws CordonError `home_unusable` if the variable is empty: it would be whatever folder one stands in
 */
export function homePath(): string {
  const named = process.env["CORDON_HOME"];
  if (named === "") throw new CordonError("home_unusable", { home: '""', reason: "CORDON_HOME is set and empty" });
  return resolve(named ?? join(homedir(), ".cordon"));
}

/** The configuration: `CORDON_CONFIG`, else `cordon.yaml` of the present folder. */
export function configPath(): string {
  return resolve(process.env["CORDON_CONFIG"] ?? "cordon.yaml");
}

const unusableFor: Readonly<Record<string, string>> = {
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "the file system can only be read",
  EEXIST: "it is a file",
  ENOTDIR: "a file stands where a folder should be",
  ENOENT: "it cannot be made there",
  ENOSPC: "there is no room left on the disk",
};

/**
 * Makes the folder for state, readable by its owner alone: journals say what an intruder should not read. One that is there
 * keeps its mode, for it may be shared on purpose; what Cordon writes in it does not depend on that.
 *
 * @throws CordonError `home_unusable`
 */
export function makeHome(home: string): void {
  try {
    makeFolders(home, 0o700);
    accessSync(home, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    const reason = unusableFor[code] ?? `it cannot be made or written to (${code})`;
    throw new CordonError("home_unusable", { home, reason }, { cause: error });
  }
}

/** What to say if others may look into the folder for state, or write there; null if they may not. */
export function homeWarning(home: string): string | null {
  const mode = statSync(home).mode & 0o777;
  if ((mode & 0o077) === 0) return null;
  return `Others may use ${home} (mode ${mode.toString(8)}), where playbooks are read from: \`chmod 700 ${home}\`.`;
}

/** The text of a file that a person named; "-" is standard input. */
export function readNamedFile(file: string, { command }: { readonly command: string }): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw unreadable(file, { command, error });
  }
}

/**
 * The bytes of a file that a person named, and of no more than `most` of them one more: whoever gets that many knows that
 * there is more, and nobody holds a file of any size in memory.
 */
export function readNamedBytes(
  file: string,
  { command, most }: { readonly command: string; readonly most: number },
): Uint8Array {
  let descriptor = 0; // Standard input.
  try {
    if (file !== "-") descriptor = openSync(file, "r");
    const bytes = Buffer.allocUnsafe(most + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= most; length += read)
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    return new Uint8Array(bytes.subarray(0, length));
  } catch (error) {
    throw unreadable(file, { command, error });
  } finally {
    if (descriptor !== 0) closeSync(descriptor);
  }
}

const unreadableFor: Readonly<Record<string, string>> = {
  EACCES: "you may not read it",
  EISDIR: "it is a folder",
  ENOENT: "there is no such file",
};

function unreadable(
  file: string,
  { command, error }: { readonly command: string; readonly error: unknown },
): CordonError {
  const { code = "unknown" } = error as NodeJS.ErrnoException;
  const reason = unreadableFor[code] ?? `it cannot be read (${code})`;
  return new CordonError("input_invalid", { what: `File ${file}`, reason, command }, { cause: error });
}

/** Uniform in [0, 1), from the operating system: ids and nonces must not be guessed. */
export function unguessable(): number {
  return randomInt(2 ** 47) / 2 ** 47;
}

/** Whether the owner of a lease was a process of this machine that is gone. */
export function isDeadOwner(owner: string): boolean {
  const [host, pid] = owner.split(":");
  if (host !== hostname() || pid === undefined || !/^\d+$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0); // Signal 0 only asks whether it is there.
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

function personName(): string {
  const named = process.env["CORDON_PERSON"];
  if (named !== undefined && named !== "") return validPerson(named);
  try {
    return userInfo().username;
  } catch {
    return "unknown"; // A container may run under a number that has no name.
  }
}

/** Longer than any name or address; journals, session names and tags carry it. */
const LONGEST_PERSON = 128;

/** @throws CordonError `input_invalid` */
function validPerson(named: string): string {
  if (isPrintable(named) && named.trim() !== "" && named.length <= LONGEST_PERSON) return named;
  const reason = !isPrintable(named)
    ? "it has characters that cannot be printed"
    : named.trim() === ""
      ? "it is blank"
      : `it has ${named.length} characters, and at most ${LONGEST_PERSON} are taken`;
  throw new CordonError("input_invalid", { what: "CORDON_PERSON", reason, command: "respond" });
}

function readIfThere(file: string): string | null {
  try {
    return existsSync(file) ? readFileSync(file, "utf8") : null;
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    const problems = unreadableFor[code] ?? `it cannot be read (${code})`;
    throw new CordonError("config_invalid", { file, problems }, { cause: error });
  }
}
