import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = join(root, "dist", "cordon.js");

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A range in a process of its own. */
export interface ServedRange {
  readonly address: string;
  readonly instanceId: string;
  readonly eventFile: string;
  end(): void;
}

/** The environment without whatever settings of AWS and Cordon the person who runs the tests has. */
export function cleanEnvironment(settings: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(AWS|CORDON)_/.test(name));
  return { ...Object.fromEntries(inherited), ...settings };
}

/** Runs a program to its end. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly folder: string; readonly settings: Readonly<Record<string, string>> },
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { cwd: options.folder, env: cleanEnvironment(options.settings), maxBuffer: 16_777_216 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

/** Runs Cordon as a user does, from dist/. */
export function runCordon(args: readonly string[], folder: string): Promise<Ended> {
  const settings = { CORDON_HOME: join(folder, "home"), CORDON_PERSON: "ada", AWS_EC2_METADATA_DISABLED: "true" };
  return run(process.execPath, [bin, ...args], { folder, settings });
}

/** Builds dist/ from the present sources. */
export async function buildCordon(): Promise<void> {
  const { code, stderr } = await run(process.execPath, [join(root, "build.mjs")], { folder: root, settings: {} });
  if (code !== 0) throw new Error(stderr);
}

/** Serves a range on a free port, twenty times as fast as a clock on the wall, so that IAM's minute takes three seconds. */
export function serveRange(folder: string): Promise<ServedRange> {
  const eventFile = join(folder, "finding.json");
  const flags = ["--port", "0", "--speed", "20", "--event", eventFile, "-o", "jsonl"];
  const server = spawn(process.execPath, [bin, "range", "serve", ...flags], { cwd: folder, env: cleanEnvironment({}) });
  return new Promise((resolve, reject) => {
    let text = "";
    server.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.endsWith("\n")) return;
      const { address, targets } = JSON.parse(text) as { address: string; targets: { instanceId: string }[] };
      const [target] = targets;
      if (target) resolve({ address, instanceId: target.instanceId, eventFile, end: () => server.kill("SIGTERM") });
    });
    server.once("error", reject);
    server.once("exit", () => reject(new Error("the range ended before it listened")));
  });
}
