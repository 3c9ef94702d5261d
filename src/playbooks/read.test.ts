import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { assertDistinct, choosePlaybook } from "./choose.ts";
import { type KnownStep, readPlaybook } from "./read.ts";
import { playbookJsonSchema } from "./schema.ts";

/** A step's file has its name; what a step takes is tested below. */
const steps = ["assess", "contain", "investigate", "preserve", "protect"].flatMap((phase) =>
  readdirSync(new URL(`../steps/${phase}/`, import.meta.url)).map((file): KnownStep => ({
    id: `${phase}.${file.replace(/\.ts$/, "")}`,
    kind: phase === "preserve" ? "collection" : phase === "assess" ? "assessment" : "step",
    input: z.looseObject({}),
    brackets: file === "collection-profile.ts",
  })),
);
const folder = new URL("../../playbooks/", import.meta.url);
const shipped = readdirSync(folder)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => readPlaybook(readFileSync(new URL(file, folder), "utf8"), { file, steps }));

test("the shipped playbooks are valid, and can be told apart", () => {
  expect(shipped.map(({ id }) => id)).toEqual([
    "collect-and-isolate",
    "compromised-instance",
    "contain-instance",
    "isolate-for-forensics",
    "quick-containment",
    "stolen-credentials",
  ]);
  expect(() => assertDistinct(shipped)).not.toThrow();
});

test("the stage that opens an instance asks in every shipped playbook, and silence holds", () => {
  const opening = shipped
    .flatMap(({ stages }) => stages)
    .filter((stage) => stage.steps.some(({ use }) => use === "contain.tracked-connections"));
  const asks = { of: "responders", required: 1, within: 1_800_000, onTimeout: "hold", always: true };
  expect(opening.map(({ approval }) => approval)).toEqual([asks, asks]);
});

test.each([
  ["Backdoor:EC2/C&CActivity.B", "compromised-instance"],
  ["UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS", "stolen-credentials"],
  ["Manual:EC2/CompromisedInstance", "compromised-instance"],
  ["Policy:S3/BucketPublicAccessGranted", undefined],
])("%s is answered by %s", (type, id) => {
  expect(choosePlaybook(shipped, { type })?.id).toBe(id);
});

test("two playbooks with one pattern are refused at load, and two that match equally well when they do", () => {
  const first = shipped.find(({ id }) => id === "compromised-instance");
  const other = { ...first!, id: "other" };
  expect(() => assertDistinct([first!, other])).toThrow("compromised-instance answers AttackSequence:EC2/* too");
  const tied = [
    { ...first!, answers: ["A*C"] },
    { ...other, answers: ["AB*"] },
  ];
  expect(() => choosePlaybook(tied, { type: "ABC" })).toThrow("other answers ABC just as well");
});

test("every problem is named with its line and column", () => {
  const text = `id: cut
title: Cut
colour: red
stages:
  - id: cut
    steps: [contain.everything, contain.security-groups]
    needs: [hold]
  - id: cut
    steps:
      - use: contain.security-groups
        whit: {}
`;
  const read = (source: string) => () => readPlaybook(source, { file: "cut.yaml", steps });
  expect(read(text)).toThrow("3:1 colour: no such key; 11:9 stages.1.steps.0.whit: no such key");
  expect(read(text.replace("colour: red\n", "").replace("        whit: {}\n", ""))).toThrow(
    "5:13 stages.0.steps.0: there is no step contain.everything; " +
      "6:13 stages.0.needs: there is no earlier stage hold; 7:5 stages.1.id: there is a stage cut already",
  );
  expect(read("id: cut\nid: again")).toThrow("2:1 Map keys must be unique");
});

test("a duration that is none is refused where it stands", () => {
  const text = `id: cut
title: Cut
stages:
  - id: cut
    approval: { of: responders, within: 15 minutes }
    steps: [contain.security-groups]
`;
  expect(() => readPlaybook(text, { file: "cut.yaml", steps })).toThrow(
    "5:33 stages.0.approval.within: expected a duration such as 90s, 15m or 2h",
  );
});

test("what a step does not take is refused where it stands, and so are a bound and a bracket that cannot be kept", () => {
  const known: readonly KnownStep[] = [
    { id: "preserve.picture", kind: "collection", input: z.strictObject({ days: z.int().min(1).default(1) }) },
    { id: "preserve.profile", kind: "step", input: z.strictObject({}), brackets: true },
    { id: "contain.seal", kind: "step", input: z.strictObject({}) },
  ];
  const read = (stage: string) => () =>
    readPlaybook(`id: a\ntitle: A\nstages:\n  - id: hold\n${stage}`, { file: "a.yaml", steps: known });
  expect(
    read("    steps: [{ use: preserve.picture, with: { days: 3 } }]\n    within: 2m\n    around: preserve.profile\n"),
  ).not.toThrow();
  expect(read("    steps: [{ use: preserve.picture, with: { days: 0 } }]\n")).toThrow(
    "5:46 stages.0.steps.0.with.days: ",
  );
  expect(read("    steps: [{ use: preserve.picture, with: { weeks: 1 } }]\n")).toThrow("Unrecognized key");
  expect(read("    steps: [preserve.picture]\n    around: contain.seal\n")).toThrow(
    "6:5 stages.0.around: contain.seal does not take its change back at the end of a stage",
  );
  expect(read("    steps: [contain.seal]\n    within: 2m\n")).toThrow(
    "6:5 stages.0.within: contain.seal is not broken off when its time is over",
  );
});

test("the published JSON schema is what the code reads", () => {
  const path = new URL("../../schemas/playbook.schema.json", import.meta.url);
  expect(readFileSync(path, "utf8")).toBe(playbookJsonSchema());
});

test("a stage that comes later does nothing but look, and asks nobody", () => {
  const known: readonly KnownStep[] = [
    { id: "assess.proof", kind: "assessment", input: z.strictObject({}) },
    { id: "contain.seal", kind: "step", input: z.strictObject({}) },
  ];
  const text = (steps: string, more = ""): string =>
    `id: late\ntitle: Late\nstages:\n  - id: late\n    after: 10m\n${more}    steps: [${steps}]\n`;
  const read = (source: string) => () => readPlaybook(source, { file: "late.yaml", steps: known });
  expect(read(text("assess.proof"))().stages[0]?.after).toBe(600_000);
  expect(read(text("assess.proof, contain.seal"))).toThrow(
    "5:5 stages.0.after: contain.seal does more than look; only stages that do nothing else can come later",
  );
  expect(read(text("assess.proof", "    approval: { of: responders, within: 1h }\n"))).toThrow(
    "5:5 stages.0.after: a stage that comes later asks nobody: it has nothing to approve",
  );
});
