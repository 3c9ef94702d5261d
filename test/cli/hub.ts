import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scaledClock } from "../../src/cli/scaled-clock.ts";
import { createRange, type Range } from "../../src/range/range.ts";
import { listen } from "../../src/range/wire/http.ts";
import { createRole, createUser } from "../../src/range/world/build-identity.ts";
import type { PolicyDocument } from "../../src/range/world/identity.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const SPEED = 20;

export const HUB = "999988887777";
export const MEMBER = "111122223333"; // Where every scenario plays.
export const EVIDENCE = "222233334444";
export const REGION = "eu-central-1";
export const EXTERNAL_ID = "agreed-with-the-hub";

export const everything: PolicyDocument = allowing("*");

export function allowing(...actions: readonly string[]): PolicyDocument {
  return { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: [...actions], Resource: "*" }] };
}

export const trustingTheHub: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${HUB}:root` },
      Action: "sts:AssumeRole",
      Condition: { StringEquals: { "sts:ExternalId": EXTERNAL_ID } },
    },
  ],
};

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Hub {
  readonly range: Range;
  readonly address: string;
  readonly folder: string;
  /** Writes the configuration that the next commands read. */
  configure(text: string): void;
  /** Runs the command line with the hub's key. */
  cordon(...args: readonly string[]): Promise<Ended>;
  close(): Promise<void>;
}

/** The command line without an account or a configuration. */
export function cordonAlone(...args: readonly string[]): Promise<Ended> {
  return execute(join(root, "dist", "cordon.js"), args, { CORDON_HOME: join(tmpdir(), "no-such-home") });
}

/** Builds the command line once. */
export async function build(): Promise<void> {
  const built = await execute(join(root, "build.mjs"), [], {});
  if (built.code !== 0) throw new Error(built.stderr);
}

/**
 * A range on loopback with three accounts: a hub whose user may only assume roles, the scenario's account, and one for
 * evidence. The roles ask for an external id.
 */
export async function openHub(
  policies: { readonly member?: PolicyDocument; readonly evidence?: PolicyDocument } = {},
): Promise<Hub> {
  const folder = mkdtempSync(join(tmpdir(), "cordon-hub-"));
  const clock = scaledClock({ originMs: Date.now(), speed: SPEED });
  const range = createRange({ scenario: "c2-beacon", seed: 1, clock });
  const { world } = range;
  const { session } = createUser(world.place(HUB, REGION), {
    name: "on-call",
    inlinePolicies: { hub: allowing("sts:AssumeRole") },
  });
  for (const [account, name] of [
    [MEMBER, "Cordon"],
    [EVIDENCE, "CordonEvidence"],
  ] as const) {
    const own = (account === MEMBER ? policies.member : policies.evidence) ?? everything;
    createRole(world.place(account, REGION), { name, trustPolicy: trustingTheHub, inlinePolicies: { own } });
  }
  const server = await listen(
    (request) =>
      request.path === "/_range/clock"
        ? Promise.resolve({
            status: 200,
            headers: { "content-type": "application/json" },
            body: new TextEncoder().encode(JSON.stringify({ now: clock.now(), speed: SPEED, region: REGION })),
          })
        : range.handle(request),
    { port: 0 },
  );
  const address = `http://127.0.0.1:${server.port}`;
  const config = join(folder, "cordon.yaml");
  return {
    range,
    address,
    folder,
    configure: (text) => writeFileSync(config, text),
    cordon: (...args) =>
      execute(join(root, "dist", "cordon.js"), args, {
        CORDON_HOME: join(folder, "home"),
        CORDON_CONFIG: config,
        CORDON_PERSON: "ada",
        AWS_ENDPOINT_URL: address,
        AWS_REGION: REGION,
        AWS_ACCESS_KEY_ID: session.accessKeyId,
        AWS_SECRET_ACCESS_KEY: session.secretAccessKey,
        AWS_EC2_METADATA_DISABLED: "true",
      }),
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const memberEntry = `
accounts:
  "${MEMBER}": { roleArn: "arn:aws:iam::${MEMBER}:role/Cordon", externalId: ${EXTERNAL_ID}, regions: [${REGION}] }
`;

function execute(file: string, args: readonly string[], env: Record<string, string>): Promise<Ended> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS|CORDON)_/.test(name)));
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [file, ...args],
      { cwd: tmpdir(), env: { ...inherited, ...env } },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
    child.stdin?.end();
  });
}
