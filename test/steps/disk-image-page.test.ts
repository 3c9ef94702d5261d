import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readPlaybook } from "../../src/playbooks/read.ts";
import { steps } from "../../src/steps/index.ts";

it("the playbook of the page is one, and the disks come last", () => {
  const page = readFileSync("docs/evidence.md", "utf8");
  const [, example = ""] = /## Images of the disks[^]*?```yaml\n([^]*?)```/.exec(page) ?? [];
  const { id, stages } = readPlaybook(example, { file: "docs/evidence.md", steps });
  expect(id).toBe("cut-and-image");
  expect(stages.at(-1)).toMatchObject({
    needs: ["hold"],
    steps: [{ use: "preserve.disk-image", with: { volumes: "all", mostGiB: 64 } }],
  });
});
