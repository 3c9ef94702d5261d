import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { brokenRules, cruise, runsWith } from "./import-rules.ts";
import { projectRoot, typescriptFiles } from "./source-files.ts";

const folders = ["src", "bench", "test"];

/** What the proof and the network that it is checked against may both run: neither says anything about packets. */
const neutral = ["src/core/errors.ts", "src/core/json.ts", "src/core/clock.ts"];

describe("the import rules", () => {
  const project = cruise(projectRoot, folders);

  it("hold in the whole project", () => {
    expect(brokenRules(project)).toEqual([]);
  });

  // A cruiser that cannot read a language, or is pointed at an empty folder, finds no violation either.
  it("were checked on every file there is", () => {
    const cruised = new Set(project.modules.map(({ source }) => source));
    const onDisk = typescriptFiles(projectRoot, folders);
    expect(onDisk.length).toBeGreaterThan(0);
    expect(onDisk.filter((path) => !cruised.has(path))).toEqual([]);
  });

  it("keep the proof of reachability and the simulated network apart, also through what they import", () => {
    const proof = runsWith(project, "src/reachability/");
    const proved = runsWith(project, "src/range/world/network");
    expect([...proof].filter((path) => proved.has(path) && !neutral.includes(path))).toEqual([]);
  });
});

describe("a planted import", () => {
  const planted: Readonly<Record<string, string>> = {
    "src/core/verdict.ts": 'import "./errors.ts"; import { z } from "zod"; import { createHash } from "node:crypto";',
    "src/core/errors.ts": "export const a = 1;",
    "src/core/journal.ts": 'import { readFileSync } from "node:fs";',
    "src/core/claim.ts": 'import "../aws/clients.ts";',
    "src/core/trace.ts": 'import type { B } from "../engine/decide.ts";',
    "src/aws/clients.ts":
      'import { EC2Client } from "@aws-sdk/client-ec2"; import "../core/errors.ts"; import "node:https";',
    "src/engine/decide.ts": 'import "../steps/stop.ts"; export type B = 1;',
    "src/steps/stop.ts": 'import "../aws/clients.ts"; import "../reachability/paths.ts"; import "../core/errors.ts";',
    "src/steps/key-pair.ts": 'import type { Instance } from "@aws-sdk/client-ec2";',
    "src/reachability/paths.ts": 'import "../range/world/network.ts";',
    "src/reachability/cycle.ts": 'import "./round.ts";',
    "src/reachability/round.ts": 'import "./cycle.ts";',
    "src/range/world/network.ts": 'import "../wire/server.ts"; import type { Instance } from "@aws-sdk/client-ec2";',
    "src/range/world/clock.ts": 'import { EC2Client } from "@aws-sdk/client-ec2";',
    "src/range/wire/server.ts": 'import { EC2Client } from "@aws-sdk/client-ec2"; import "../../core/errors.ts";',
    "src/store/sqlite.ts": 'import Database from "libsql"; import "../vault/directory.ts";',
    "src/store/dynamodb.ts":
      'import { EC2Client } from "@aws-sdk/client-ec2"; import "../aws/clients.ts"; import "../vault/directory.ts";',
    "src/vault/directory.ts": 'import { parse } from "yaml"; import "node:fs";',
    "src/vault/directory.test.ts":
      'import "../testing/range.ts"; import { it } from "vitest"; import "node:fs"; import "../store/sqlite.ts";',
    "src/testing/range.ts": 'import "../range/wire/server.ts"; import { it } from "vitest"; import "../cli/main.ts";',
    "src/runners/local.ts": 'import "../engine/decide.ts"; import "../store/sqlite.ts";',
    "src/cli/main.ts":
      'import "../runners/local.ts"; import "../testing/range.ts"; import "./missing.ts"; import "../../test/all.ts";',
    "src/server/api.ts": 'import "../cli/main.ts"; import fc from "fast-check";',
    "src/console/page.ts": 'import type { A } from "../server/api.ts"; import "../core/errors.ts";',
    "src/clever/thing.ts": 'import "../core/errors.ts";',
    "test/all.ts": 'import "../src/steps/stop.ts"; import "../src/cli/main.ts"; import "../src/testing/range.ts";',
  };
  const root = mkdtempSync(join(tmpdir(), "cordon-imports-"));

  beforeAll(() => {
    for (const [path, text] of Object.entries(planted)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    for (const shared of ["node_modules", "package.json", "tsconfig.json"]) {
      symlinkSync(join(projectRoot, shared), join(root, shared));
    }
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it("is refused wherever it goes sideways or up, and nowhere else", () => {
    const found = brokenRules(cruise(root, folders)).map((line) =>
      line.replace(/\S*node_modules\/((@[^/]+\/)?[^/]+)\/.*/, "$1"),
    );
    expect(found).toEqual([
      "a-folder-has-a-row: src/clever/thing.ts -> src/core/errors.ts",
      "adapters-apart: src/store/dynamodb.ts -> src/vault/directory.ts",
      "adapters-apart: src/store/sqlite.ts -> src/vault/directory.ts",
      "adapters-apart: src/vault/directory.test.ts -> src/store/sqlite.ts",
      "adapters-over-aws: src/store/dynamodb.ts -> src/aws/clients.ts",
      "console-knows-only-server: src/console/page.ts -> src/core/errors.ts",
      "console-knows-types-of-server: src/console/page.ts -> src/core/errors.ts",
      "core-imports: src/core/claim.ts -> src/aws/clients.ts",
      "core-imports: src/core/journal.ts -> fs",
      "core-imports: src/core/trace.ts -> src/engine/decide.ts",
      "engine-imports: src/engine/decide.ts -> src/steps/stop.ts",
      "no-cycles: src/cli/main.ts -> src/testing/range.ts",
      "no-cycles: src/cli/main.ts -> test/all.ts",
      "no-cycles: src/reachability/cycle.ts -> src/reachability/round.ts",
      "no-cycles: test/all.ts -> src/testing/range.ts",
      "no-development-packages-at-run-time: src/server/api.ts -> fast-check",
      "nobody-imports-a-composition-root: src/server/api.ts -> src/cli/main.ts",
      "nobody-imports-a-composition-root: src/testing/range.ts -> src/cli/main.ts",
      "reachability-imports: src/reachability/paths.ts -> src/range/world/network.ts",
      "resolvable: src/cli/main.ts -> ./missing.ts",
      "runners-imports: src/runners/local.ts -> src/store/sqlite.ts",
      "sdk-behind-aws: src/range/world/clock.ts -> @aws-sdk/client-ec2",
      "sdk-types-behind-aws: src/steps/key-pair.ts -> @aws-sdk/client-ec2",
      "source-never-imports-tests: src/cli/main.ts -> test/all.ts",
      "steps-imports: src/steps/key-pair.ts -> @aws-sdk/client-ec2",
      "store-imports: src/store/sqlite.ts -> src/vault/directory.ts",
      "testing-stays-in-tests: src/cli/main.ts -> src/testing/range.ts",
      "vault-imports: src/vault/directory.ts -> yaml",
      "vault-test-imports: src/vault/directory.test.ts -> src/store/sqlite.ts",
    ]);
  });

  it("is found again through the files between, unless it is a type", () => {
    const found = cruise(root, folders);
    expect([...runsWith(found, "src/steps/stop.ts")].toSorted()).toEqual([
      "src/aws/clients.ts",
      "src/core/errors.ts",
      "src/range/wire/server.ts",
      "src/range/world/network.ts",
      "src/reachability/paths.ts",
      "src/steps/stop.ts",
    ]);
    expect([...runsWith(found, "src/core/trace.ts")]).toEqual(["src/core/trace.ts"]);
  });
});
