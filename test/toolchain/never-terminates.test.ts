import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { registry } from "../../src/cli/compose.ts";
import { permissionsOf } from "../../src/cli/permissions.ts";
import { projectRoot, typescriptFiles } from "./source-files.ts";

/** Everything of ours but tests and the range, which plays AWS: in it, others end instances. */
const ours = typescriptFiles(projectRoot, ["src"])
  .filter((file) => !file.startsWith("src/range/") && !file.endsWith(".test.ts"))
  .map((file) => ({ file, text: readFileSync(join(projectRoot, file), "utf8") }));

const filesWith = (pattern: RegExp): readonly string[] =>
  ours.filter(({ text }) => pattern.test(text)).map(({ file }) => file);

test("one function sends the call that ends an instance, for the workstations that Cordon launched", () => {
  expect(ours.length).toBeGreaterThan(200);
  expect(filesWith(/\bTerminateInstance\w*Command\b/)).toEqual(["src/aws/workstations.ts"]);
});

test("only the ledger of the workstations asks for it, and hands over what that ledger recorded", () => {
  expect(filesWith(/\bendWorkstation\b/)).toEqual([
    "src/aws/workstations.ts",
    "src/steps/investigate/workstation-claims.ts",
  ]);
  expect(filesWith(/\breconcileWorkstation\b/)).toEqual([
    "src/steps/investigate/forensic-workstation.ts",
    "src/steps/investigate/workstation-claims.ts",
  ]);
});

test("no other step has the permission, and no run of anything", () => {
  const [needed] = permissionsOf([...registry.values()]).filter(({ action }) => action === "ec2:TerminateInstances");
  expect(needed?.steps).toEqual([{ step: "investigate.forensic-workstation", verbs: ["reconcile"] }]);
});
