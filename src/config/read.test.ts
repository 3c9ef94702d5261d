import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configJsonSchema } from "./config.ts";
import { readConfig } from "./read.ts";

test.each([null, "", "# nothing yet\n"])("without settings (%j) nobody may approve and nothing is exempt", (text) => {
  expect(readConfig(text, {})).toEqual({
    purpose: "forensics",
    neverDeny: [],
    approvers: {},
    exempt: { accounts: [], instances: [], tags: {} },
    routes: [],
    automaticContainmentsPerHour: 20,
    collectionProfile: null,
    memory: null,
    vault: null,
    accounts: {},
    evidence: null,
    workstation: null,
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

test("routes are read with every list as a list, whatever they lead to", () => {
  const text = `
routes:
  - name: scanners
    when: { type: [Recon:EC2/Portscan], account: "111122223333", severity: { max: 6.9 } }
    to: ignore
  - when: { tags: { environment: prod* }, product: guardduty }
    to: { playbook: contain-instance, ask: true }
  - when: { verdict: [exposure, unrelated], region: eu-west-1 }
    to: { webhook: "https://soc.example/findings", secretFrom: SOC_KEY }
  - when: { type: "AttackSequence:*" }
    to: { stateMachine: "arn:aws:states:eu-west-1:111122223333:stateMachine:soc" }
  - when: { type: "Custom:*" }
    to: { eventBus: "arn:aws:events:eu-west-1:111122223333:event-bus/soc" }
  - to: ask
exempt:
  tags: { do-not-touch: "*" }
`;
  const { routes, exempt } = readConfig(text, {});
  expect(exempt.tags).toEqual({ "do-not-touch": ["*"] });
  expect(routes).toEqual([
    {
      name: "scanners",
      when: { type: ["Recon:EC2/Portscan"], account: ["111122223333"], severity: { max: 6.9 } },
      to: { kind: "ignore" },
    },
    {
      name: null,
      when: { tags: { environment: ["prod*"] }, product: ["guardduty"] },
      to: { kind: "ask", playbook: "contain-instance" },
    },
    {
      name: null,
      when: { verdict: ["exposure", "unrelated"], region: ["eu-west-1"] },
      to: {
        kind: "handOver",
        target: { kind: "webhook", url: "https://soc.example/findings", secretFrom: "SOC_KEY" },
      },
    },
    {
      name: null,
      when: { type: ["AttackSequence:*"] },
      to: {
        kind: "handOver",
        target: { kind: "stateMachine", arn: "arn:aws:states:eu-west-1:111122223333:stateMachine:soc" },
      },
    },
    {
      name: null,
      when: { type: ["Custom:*"] },
      to: {
        kind: "handOver",
        target: { kind: "eventBus", arn: "arn:aws:events:eu-west-1:111122223333:event-bus/soc" },
      },
    },
    { name: null, when: {}, to: { kind: "ask", playbook: null } },
  ]);
});

test.each([
  ["- { when: { tags: { a: b } }, to: ignore }", "2:31 routes.0.to: a route on tags can only ask"],
  ["- { when: { tags: { a: b } }, to: { playbook: x } }", "2:31 routes.0.to: a route on tags can only ask"],
  ["- { when: { tags: { a: b }, type: A }, to: ignore }", "routes.0.to: a route on tags can only ask"],
  ["- { to: ignore }", "2:5 routes.0.to: a route that ignores needs a condition"],
  ["- { to: ask }\n- { when: { type: A }, to: ask }", "3:3 routes.1: never reached: routes.0 has no condition"],
  ["- { when: { severity: { min: 7, max: 4 } }, to: ask }", "routes.0.when.severity: min is above max"],
  ["- { when: { account: [12] }, to: ask }", "routes.0.when.account.0: expected string"],
  ["- { to: { webhook: 'http://soc.example', secretFrom: K } }", "routes.0.to.webhook: expected an https address"],
  ["- { to: { webhook: 'https://u:p@soc.example', secretFrom: K } }", "routes.0.to.webhook: expected an https address"],
  ["- { to: { webhook: 'https://soc.example', secretFrom: 'p4ss!' } }", "never the secret itself"],
  ["- { to: { eventBus: soc } }", "routes.0.to.eventBus: expected the ARN of an event bus"],
  ["- { to: { stateMachine: soc } }", "routes.0.to.stateMachine: expected the ARN of a state machine"],
  ["- { to: shrug }", "routes.0.to"],
])("the route %s is refused at load: %s", (routes, message) => {
  expect(() => readConfig(`routes:\n${routes}\n`, {})).toThrow(message);
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

test("accounts and the evidence account are read with their roles", () => {
  const text = `
accounts:
  "444455556666": { roleArn: "arn:aws:iam::444455556666:role/CordonResponder", externalId: our-secret, regions: [eu-west-1] }
  "777788889999": { roleArn: "arn:aws:iam::777788889999:role/security/Cordon" }
evidence: { account: "222233334444", roleArn: "arn:aws:iam::222233334444:role/CordonEvidence", kmsKeyId: alias/evidence }
`;
  expect(readConfig(text, {})).toMatchObject({
    accounts: {
      "444455556666": {
        roleArn: "arn:aws:iam::444455556666:role/CordonResponder",
        externalId: "our-secret",
        regions: ["eu-west-1"],
      },
      "777788889999": { roleArn: "arn:aws:iam::777788889999:role/security/Cordon", externalId: null, regions: null },
    },
    evidence: {
      account: "222233334444",
      roleArn: "arn:aws:iam::222233334444:role/CordonEvidence",
      externalId: null,
      kmsKeyId: "alias/evidence",
      sharingKeyId: null,
    },
  });
});

test.each([
  ['accounts: { "444455556666": { roleArn: "arn:aws:iam::111122223333:role/x" } }', "a role of account 444455556666"],
  ['accounts: { "4444": { roleArn: "arn:aws:iam::444455556666:role/x" } }', "twelve digits"],
  ['accounts: { "444455556666": { roleArn: CordonResponder } }', "the ARN of a role"],
  ['evidence: { account: "444455556666", roleArn: "arn:aws:iam::111122223333:role/x" }', "a role of account 4444"],
])("a role that cannot lead to its account is refused: %s", (text, problem) => {
  expect(() => readConfig(text, {})).toThrow(problem);
});
