import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configJsonSchema } from "./config.ts";
import { readConfig } from "./read.ts";

test.each([null, "", "# nothing yet\n"])("without settings (%j) nobody may approve and nothing is exempt", (text) => {
  expect(readConfig(text, {})).toEqual({
    purpose: "forensics",
    neverDeny: [],
    approvers: {},
    exempt: { accounts: [], instances: [] },
    playbook: null,
    autonomy: null,
  });
});

test("the environment takes the place of the file's keys", () => {
  const env = { CORDON_PURPOSE: "ir", CORDON_NEVER_DENY: "192.0.2.0/24, 2001:db8::/32", CORDON_AUTONOMY: "" };
  expect(readConfig("purpose: file\nautonomy: ask\napprovers:\n  responders: [ada]\n", env)).toMatchObject({
    purpose: "ir",
    neverDeny: ["192.0.2.0/24", "2001:db8::/32"],
    autonomy: "ask",
    approvers: { responders: ["ada"] },
  });
});

test("a mistake in the file is named with its line, and one in the environment with its variable", () => {
  expect(() => readConfig("purpose: ir\nneverDeny:\n  - 192.0.2.0\n", {})).toThrow(
    "cordon.yaml is not a valid configuration: 3:5 neverDeny.0: expected a network such as 192.0.2.0/24",
  );
  expect(() => readConfig("porpoise: ir\n", {})).toThrow("1:1 porpoise: no such key");
  expect(() => readConfig(null, { CORDON_NEVER_DENY: "home" })).toThrow(
    "CORDON_NEVER_DENY is not a valid configuration: expected a network such as 192.0.2.0/24",
  );
});

test("the published JSON schema is what the code reads", () => {
  const path = new URL("../../schemas/config.schema.json", import.meta.url);
  expect(readFileSync(path, "utf8")).toBe(configJsonSchema());
});
