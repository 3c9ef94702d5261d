import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endpointNames, type Service } from "../../src/aws/services.ts";
import { buildCordon, type Ended, run } from "../foreign/processes.ts";
import { missingPythonTools } from "../foreign/python-tools.ts";
import { required, type Surroundings } from "./probe.ts";
import { clientsOf, type Server, servers } from "./servers.ts";
import { surroundingsOf } from "./surroundings.ts";

const missing = missingPythonTools("conformance");
const bin = fileURLToPath(new URL("../../dist/cordon.js", import.meta.url));
const REGION = "eu-central-1";
const BUCKET = "conformance-vault";

/** What moto stands in for; MiniStack has the rest. */
const MOTO: readonly Service[] = ["autoscaling", "ebs", "ec2", "elb", "iam", "ssm", "sts"];

/** Few steps: moto answers an operation that it has not got with a fault, which is asked again for a minute. */
const planned = `
id: cut-off
title: Cut the instance off
answers: []
autonomy: suspected
stages:
  - id: cut
    steps: [contain.security-groups, contain.instance-profile]
`;

const saving = `
id: save-metadata
title: Save what AWS knows of the instance
answers: []
autonomy: suspected
stages:
  - id: save
    steps: [preserve.instance-metadata]
`;

describe.skipIf(missing !== null)("Cordon between two emulators, by AWS_ENDPOINT_URL_<SERVICE>", () => {
  const folder = mkdtempSync(join(tmpdir(), "cordon-two-"));
  const started: Server[] = [];
  let instanceId: string;
  let surroundings: Surroundings;
  let settings: Record<string, string>;

  const cordon = (...args: readonly string[]): Promise<Ended> =>
    run(process.execPath, [bin, ...args], {
      folder,
      settings,
    });

  const respondWith = (configuration: string): Promise<Ended> => {
    writeFileSync(join(folder, "cordon.yaml"), configuration);
    const flags = ["--playbook", "save-metadata", "--apply", "--yes"];
    return run(process.execPath, [bin, "respond", instanceId, ...flags], {
      folder,
      settings,
    });
  };

  const homeWithPlaybooks = (name: string): string => {
    const home = join(folder, name);
    mkdirSync(join(home, "playbooks"), { recursive: true });
    writeFileSync(join(home, "playbooks", "save-metadata.yaml"), saving);
    writeFileSync(join(home, "playbooks", "cut-off.yaml"), planned);
    return home;
  };

  beforeAll(async () => {
    await buildCordon();
    const [moto, ministack] = await Promise.all(
      ["moto", "ministack"].map((name) => required(servers.find((kind) => kind.name === name)).start()),
    );
    started.push(required(moto), required(ministack));
    const motoKind = required(servers.find(({ name }) => name === "moto"));
    surroundings = await surroundingsOf(motoKind, clientsOf(required(moto).address));
    instanceId = surroundings.instanceId;
    await clientsOf(required(ministack).address).s3.createBucket({
      Bucket: BUCKET,
      ObjectLockEnabledForBucket: true,
      CreateBucketConfiguration: { LocationConstraint: REGION },
    });
    settings = {
      AWS_ACCESS_KEY_ID: "conformance",
      AWS_SECRET_ACCESS_KEY: "conformance",
      AWS_REGION: REGION,
      AWS_EC2_METADATA_DISABLED: "true",
      CORDON_HOME: homeWithPlaybooks("first"),
      CORDON_PERSON: "ada",
      ...Object.fromEntries(
        Object.entries(endpointNames).map(([service, name]) => [
          `AWS_ENDPOINT_URL_${name}`,
          required(MOTO.includes(service as Service) ? moto : ministack).address,
        ]),
      ),
    };
  }, 120_000);

  afterAll(async () => {
    await Promise.all(started.map((server) => server.end()));
    rmSync(folder, { recursive: true, force: true });
  });

  test("the plan is made from what one of them has", async () => {
    const { code, stdout } = await cordon("plan", instanceId, "--playbook", "cut-off");
    expect(code).toBe(0);
    expect(stdout).toContain(surroundings.vpcId);
    expect(stdout).toContain("contain.instance-profile");
  }, 60_000);

  test("evidence that a store does not vouch for is refused, and said so", async () => {
    const bucket = await respondWith(`vault: { bucket: ${BUCKET}, region: ${REGION} }\n`);
    // S3 answers a put with the SHA-256 that it compared; MiniStack does not, which the ledger has.
    expect(bucket.code).toBe(3);
    expect(bucket.stderr).toContain("S3 answered SHA-256 (none)");
  }, 60_000);

  test("what is read from an emulator lies whole in a folder", async () => {
    settings["CORDON_HOME"] = homeWithPlaybooks("second"); // A case of its own.
    const saved = await respondWith("");
    expect(saved.code).toBe(0);
    expect(saved.stdout).toContain("closed");
    const verified = await cordon("evidence", "verify", "--output", "json");
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.stdout).toContain("instance-metadata");
  }, 60_000);
});
