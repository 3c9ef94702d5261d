import { randomInt } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync } from "node:fs";
import { homedir, hostname, userInfo } from "node:os";
import { join, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { readConfig } from "../config/read.ts";
import { CordonError } from "../core/errors.ts";
import type { Actor } from "../core/journal.ts";

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

/** Where state lies: `CORDON_HOME`, else `~/.cordon`. */
export function homePath(): string {
  return resolve(process.env["CORDON_HOME"] ?? join(homedir(), ".cordon"));
}

/** The configuration: `CORDON_CONFIG`, else `cordon.yaml` of the present folder. */
export function configPath(): string {
  return resolve(process.env["CORDON_CONFIG"] ?? "cordon.yaml");
}

/** Makes the folder for state, readable by its owner alone: journals say what an intruder should not read. */
export function makeHome(home: string): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
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
  if (named !== undefined && named !== "") return named;
  try {
    return userInfo().username;
  } catch {
    return "unknown"; // A container may run under a number that has no name.
  }
}

function readIfThere(file: string): string | null {
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}
