import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildCordon, type Ended, run, type ServedRange, serveRange } from "./processes.ts";
import { missingPythonTools, pythonTool } from "./python-tools.ts";

const missing = missingPythonTools("foreign");
const BUCKET = "terraform-state";

const settings = {
  AWS_ACCESS_KEY_ID: "range",
  AWS_SECRET_ACCESS_KEY: "range",
  AWS_DEFAULT_REGION: "eu-central-1",
  AWS_EC2_METADATA_DISABLED: "true",
  CHECKPOINT_DISABLE: "1", // Terraform asks its maker for news otherwise.
};

const configuration = (address: string): string => `
terraform {
  backend "s3" {
    bucket = "${BUCKET}"
    key = "network/terraform.tfstate"
    region = "eu-central-1"
    endpoint = "${address}"
    force_path_style = true
    skip_credentials_validation = true
    skip_metadata_api_check = true
    skip_requesting_account_id = true
  }
}
variable "word" { default = "first" }
output "word" { value = "\${var.word}" }
`;

/**
 * Terraform without a provider changes nothing in EC2: a provider comes from an index of its own. Its S3 backend is part of
 * the program, and keeps its state in the range's S3 with AWS's SDK for Go: the only client here that is neither JavaScript
 * nor Python.
 */
describe.skipIf(missing !== null)("Terraform keeps its state in the range", () => {
  const folder = mkdtempSync(join(tmpdir(), "cordon-terraform-"));
  let range: ServedRange;

  const terraform = (...args: readonly string[]): Promise<Ended> =>
    run(pythonTool("foreign", "terraform"), [...args, "-no-color"], { folder, settings });

  const aws = async (...args: readonly string[]): Promise<string> => {
    const all = ["--endpoint-url", range.address, "--output", "text", "s3api", ...args, "--bucket", BUCKET];
    const { code, stdout, stderr } = await run(pythonTool("foreign", "aws"), all, { folder, settings });
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  };

  const keys = async (): Promise<readonly string[]> =>
    (await aws("list-objects-v2", "--query", "Contents[].[Key]")).split("\n");

  beforeAll(async () => {
    await buildCordon();
    range = await serveRange(folder);
    await aws("create-bucket", "--create-bucket-configuration", "LocationConstraint=eu-central-1");
    await aws("put-bucket-versioning", "--versioning-configuration", "Status=Enabled");
    writeFileSync(join(folder, "main.tf"), configuration(range.address));
    const { code, stderr } = await terraform("init", "-input=false");
    if (code !== 0) throw new Error(stderr);
  }, 120_000);

  afterAll(() => {
    range?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test("what it applied, it and others read back, version by version", async () => {
    for (const word of ["first", "second"]) {
      const { code, stderr } = await terraform("apply", "-auto-approve", "-input=false", "-var", `word=${word}`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    }
    expect((await terraform("output")).stdout).toBe("word = second\n");
    expect(await keys()).toEqual(["network/terraform.tfstate"]);
    const versions = await aws("list-object-versions", "--query", "Versions[].[IsLatest]");
    expect(versions.split("\n").filter((line) => line === "False").length).toBeGreaterThanOrEqual(1);
    expect(versions.split("\n").filter((line) => line === "True")).toHaveLength(1);
  }, 60_000);

  test("its workspaces are found again by the listing that rolls keys up", async () => {
    expect((await terraform("workspace", "new", "blue")).code).toBe(0);
    expect((await terraform("workspace", "list")).stdout.split(/\s+/).filter((word) => /^\w+$/.test(word))).toEqual([
      "default",
      "blue",
    ]);
    expect(await keys()).toEqual(["env:/blue/network/terraform.tfstate", "network/terraform.tfstate"]);
    expect((await terraform("workspace", "select", "default")).code).toBe(0);
    expect((await terraform("workspace", "delete", "blue")).code).toBe(0);
    expect(await keys()).toEqual(["network/terraform.tfstate"]);
  }, 60_000);
});
