import { expect, test } from "vitest";
import type { Collection } from "../../src/core/step.ts";
import { cloudtrailActivity } from "../../src/steps/preserve/cloudtrail-activity.ts";
import { clausesOf } from "../../src/testing/contract.ts";
import type { ContractOptions } from "../../src/testing/contract-options.ts";

const options: ContractOptions = { scenario: "stolen-credentials", input: { again: "never" }, brings: [] };
const save = cloudtrailActivity as unknown as Collection;

/** What the suite says of a collection, by the beginning of the clause's title. */
async function verdict(collection: Collection, title: string): Promise<string> {
  const clause = clausesOf(collection, options).find((each) => each.title.startsWith(title));
  if (!clause) throw new Error(`there is no clause "${title}"`);
  return clause.check().then(
    () => "kept",
    (error: unknown) => (error as Error).message,
  );
}

test("Events under the hash of others are found out by reading the vault", async () => {
  const planted: Collection = {
    ...save,
    async collect(context, item, progress) {
      const result = await save.collect(context, item, progress);
      if (result.kind === "later") return result;
      return { ...result, artifacts: result.artifacts.map((each) => ({ ...each, sha256: "0".repeat(64) })) };
    },
  };
  expect(await verdict(planted, "what it saved")).toMatch(/^the vault has other content at/);
});

test("A look that is not waited for is found out by the call that comes late", async () => {
  const planted: Collection = {
    ...save,
    async collect(context, item, progress) {
      void save.collect(context, item, progress).catch(() => {});
      return { kind: "collected", artifacts: [] };
    },
  };
  expect(await verdict(planted, "verify")).toMatch(/an await is missing|expected "one artifact with its hash"/);
});

test("A lookup that no policy would allow is found out by AWS's refusal", async () => {
  const { collect: _, ...target } = save.permissions.target;
  const planted: Collection = { ...save, permissions: { target: { ...target, collect: [] } } };
  expect(await verdict(planted, "the declared permissions are exactly")).toContain("cloudtrail:LookupEvents");
});
