import { readdirSync, readFileSync } from "node:fs";
import { registry } from "../../../src/cli/compose.ts";
import { readConfig } from "../../../src/config/read.ts";
import { SimulatedClock } from "../../../src/core/clock.ts";
import { finding as findingShape } from "../../../src/core/finding.ts";
import type { Json } from "../../../src/core/json.ts";
import { isPrintable } from "../../../src/intake/printable.ts";
import { readGuardDuty } from "../../../src/intake/guardduty.ts";
import { judge } from "../../../src/intake/triage.ts";
import { readPlaybook } from "../../../src/playbooks/read.ts";
import { createRange, scenarios, START_OF_SIMULATED_TIME_MS } from "../../../src/range/range.ts";
import { expectCode, type FuzzTarget } from "../campaign.ts";
import { mutateJson } from "../mutate-json.ts";
import { mutateBytes, oneOf } from "../mutate-text.ts";

const root = new URL("../../../", import.meta.url);

/** GuardDuty findings: the events of every scenario, and what GuardDuty itself sends. */
export const findings: FuzzTarget = {
  name: "findings",
  async prepare() {
    const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
    const events = scenarios.flatMap(({ id }) => createRange({ scenario: id, seed: 3, clock }).events() as Json[]);
    const folder = new URL("test/fixtures/findings/", root);
    const fixtures = readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Json);
    const documents = [...events, ...fixtures, { findings: events.slice(0, 2) }].filter(
      (document) => JSON.stringify(document).length < 20_000,
    );
    const texts = documents.map((document) => Buffer.from(JSON.stringify(document)));
    return (random) =>
      random() < 0.6
        ? Buffer.from(mutateJson(random, oneOf(random, documents), documents))
        : mutateBytes(random, oneOf(random, texts), texts);
  },
  feed(input) {
    try {
      for (const finding of readGuardDuty(input, { file: "event.json" }).findings) {
        findingShape.parse(finding);
        if (!isPrintable(finding.title)) throw new Error("a title holds what a terminal would obey");
        judge(finding);
      }
    } catch (error) {
      expectCode(error, "finding_unreadable", "finding_names_no_instance");
      if (!isPrintable((error as Error).message))
        throw new Error("the reason holds what a terminal would obey", { cause: error });
    }
  },
};

/** Playbook files. */
export const playbooks: FuzzTarget = {
  name: "playbooks",
  async prepare() {
    const folder = new URL("playbooks/", root);
    const files = readdirSync(folder).map((name) => readFileSync(new URL(name, folder)));
    return (random) => mutateBytes(random, oneOf(random, files), files);
  },
  feed(input) {
    try {
      readPlaybook(input.toString("utf8"), { file: "playbook.yaml", steps: registry.values() });
    } catch (error) {
      expectCode(error, "playbook_invalid");
    }
  },
};

/** The configuration file, with what the documentation shows of it. */
export const configuration: FuzzTarget = {
  name: "configuration",
  async prepare() {
    const page = readFileSync(new URL("docs/triage.md", root), "utf8");
    const shown = [...page.matchAll(/```yaml\n([^`]*)```/g)].map(([, yaml]) => yaml ?? "");
    const whole =
      "purpose: incident response\nneverDeny: [198.51.100.0/24]\nautonomy: ask\nplaybook: contain-instance\n";
    const files = [...shown, whole, whole + shown.join("")].map((text) => Buffer.from(text));
    return (random) => mutateBytes(random, oneOf(random, files), files);
  },
  feed(input) {
    try {
      readConfig(input.toString("utf8"), { CORDON_PURPOSE: input.toString("latin1", 0, 40) });
    } catch (error) {
      expectCode(error, "config_invalid");
    }
  },
};
