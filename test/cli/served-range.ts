import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** The command line as a person has it: bundled, in a process of its own. */
const bin = join(root, "dist", "cordon.js");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way, which can be killed. */
export interface UnderWay {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** What `cordon range serve` says when it listens. */
export interface Served {
  readonly address: string;
  readonly targets: readonly { readonly instanceId: string }[];
  readonly eventFile: string | null;
}

/** A folder in which a person works: with a store of its own, and no settings of the machine around it. */
export interface Desk {
  readonly folder: string;
  /** Where its state lies. */
  readonly home: string;
  /** Starts a command of the command line; the variables stand over those of the desk. */
  begin(args: readonly string[], variables?: Readonly<Record<string, string>>): UnderWay;
  /** Runs a command of the command line to its end. */
  cordon(...args: readonly string[]): Promise<Ended>;
  /** Serves a range on a free port until the desk is closed. */
  serve(...args: readonly string[]): Promise<Served>;
  close(): void;
}

/** Builds the command line and opens a folder to work in, as ada. */
export async function openDesk(variables: Readonly<Record<string, string>> = {}): Promise<Desk> {
  const folder = mkdtempSync(join(tmpdir(), "cordon-desk-"));
  const home = join(folder, "home");
  const own = { CORDON_HOME: home, CORDON_PERSON: "ada", AWS_EC2_METADATA_DISABLED: "true", ...variables };
  const start = (file: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): ChildProcess =>
    spawn(process.execPath, [file, ...args], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...withoutSettings(process.env), ...own, ...more },
    });
  const built = await endOf(start(join(root, "build.mjs"), []));
  if (built.code !== 0) throw new Error(built.stderr);
  const begin: Desk["begin"] = (args, more) => {
    const child = start(bin, args, more);
    return { child, ended: endOf(child) };
  };
  const servers: ChildProcess[] = [];
  return {
    folder,
    home,
    begin,
    cordon: (...args) => begin(args).ended,
    async serve(...args) {
      const server = start(bin, ["range", "serve", "--port", "0", ...args, "-o", "jsonl"]);
      servers.push(server);
      return JSON.parse(await firstLine(server)) as Served;
    },
    close() {
      servers.forEach((server) => server.kill("SIGTERM"));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The machine's environment without what would steer AWS's SDK or Cordon. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(AWS|CORDON)_/.test(name)));
}

function endOf(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => {
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith("\n")) resolve(text);
    });
    child.once("exit", () => reject(new Error("the range ended")));
  });
}
