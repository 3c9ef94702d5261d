import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Desk, type Ended, openDesk } from "./served-range.ts";

let desk: Desk;
let folder = "";
let file = "";

/** Listens on this machine, as AWS and as a receiver, and counts who comes. */
let server: Server;
let address = "";
let received: { readonly path: string; readonly id: string | undefined }[] = [];
let status = 200;

const cordon = (...args: string[]): Promise<Ended> => desk.cordon(...args);

beforeAll(async () => {
  desk = await openDesk({ SOC_KEY: "0123456789abcdef" });
  folder = desk.folder;
  file = join(folder, "finding.json");
  server = createServer((request, response) => {
    received.push({ path: request.url ?? "", id: request.headers["webhook-id"] as string | undefined });
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, 60_000);

beforeEach(() => {
  received = [];
  status = 200;
  writeFileSync(join(folder, "cordon.yaml"), "");
});

afterAll(() => {
  server.close();
  desk.close();
});

const detail = {
  id: "f1",
  type: "Backdoor:EC2/C&CActivity.B",
  title: "C2 \u001b[31m",
  severity: 8,
  accountId: "111122223333",
  region: "eu-west-1",
  updatedAt: "2026-11-01T12:05:00.000Z",
  resource: {
    resourceType: "Instance",
    instanceDetails: { instanceId: "i-0123456789abcdef0", tags: [{ key: "env", value: "prod" }] },
  },
};
const text = (of: object): string => JSON.stringify({ ...detail, ...of });
const about = (instanceId: string): object => ({
  resource: { resourceType: "Instance", instanceDetails: { instanceId } },
});

test.each<[string, string, string]>([
  ["what is not JSON", '{"id": }', "it is not JSON: line 1, column 8: "],
  ["a wrong shape", text({ resource: "web" }), "resource: Invalid input: expected object, received string, found "],
  ["ten megabytes", `"${"x".repeat(10_000_000)}"`, "it is larger than 4194304 bytes, the most that is read"],
  ["a raw control character", '{"title": "\u0007"}', "column 12: the control character U+0007 does not belong there"],
  ["a control character in an id", text({ id: "f\u001b[2J" }), "id: holds control characters, found "],
  [
    "an instance id that is none",
    text(about("i-0; reboot")),
    'expected an instance id: i- and 8 or 17 hexadecimal digits, found "i-0; reboot"',
  ],
  [
    "an account that is none",
    text({ accountId: "1" }),
    'accountId: expected the twelve digits of an account, found "1"',
  ],
  ["a Region that is none", text({ region: "here" }), 'region: expected a region such as eu-west-1, found "here"'],
  ["no instance", text({ resource: { resourceType: "Instance" } }), "a finding about an instance must name it"],
  [
    "no instance at all",
    text({ type: "AttackSequence:EKS/CompromisedCluster", resource: { resourceType: "AttackSequence" } }),
    "Finding f1 (AttackSequence:EKS/CompromisedCluster) names no instance: ",
  ],
])(
  "%s is told, exits with 2, and calls nobody",
  async (_, content, message) => {
    writeFileSync(file, content);
    const ended = await cordon("respond", "--finding", file, "--apply", "--yes", "--endpoint-url", `${address}/aws`);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).toContain("Nothing was changed.");
    expect(/[\u0000-\u0009\u000b-\u001f]/.test(ended.stderr)).toBe(false); // oxlint-disable-line no-control-regex -- that is what is looked for.
    expect(received.filter(({ path }) => !path.endsWith("/_range/clock"))).toEqual([]);
    expect((await cordon("cases", "ls")).stdout).toBe("No cases. `cordon drill` rehearses one.\n");
  },
  30_000,
);

const routes = `
routes:
  - { name: scanners, when: { type: Recon:EC2/Portscan, tags: { env: prod } }, to: ask }
  - { when: { type: Recon:EC2/Portscan }, to: ignore }
  - { when: { type: Custom:* }, to: { webhook: "ADDRESS/soc", secretFrom: SOC_KEY } }
exempt: { instances: [i-0123456789abcdef1] }
`;

test("triage says for each finding what it means, where it goes and why, and asks nobody", async () => {
  writeFileSync(join(folder, "cordon.yaml"), routes.replace("ADDRESS", address));
  const findings = [
    {},
    about("i-0123456789abcdef1"),
    { type: "Recon:EC2/Portscan" },
    { type: "Recon:EC2/Portscan", ...about("i-0123456789abcdef0") },
    { type: "Custom:EC2/OurRule" },
    { type: "Trojan:EC2/OfNextYear" },
    { title: "[SAMPLE] C2" },
  ];
  writeFileSync(file, JSON.stringify({ findings: findings.map((of) => ({ ...detail, ...of })) }));
  const { code, stdout } = await cordon("triage", file, "-o", "json");
  const said = JSON.parse(stdout) as readonly Record<string, unknown>[];
  expect(code).toBe(0);
  expect(said.map(({ verdict, route, playbook, why }) => [verdict, route, playbook, why])).toEqual([
    ["compromised", "playbook", "compromised-instance", "no route: the playbook that answers the type"],
    ["compromised", "ask", "compromised-instance", "no route: the playbook that answers the type"],
    ["suspected", "ask", "compromised-instance", "route 1, scanners"],
    ["suspected", "ignore", null, "route 2"],
    ["suspected", "handOver", null, "route 3"],
    ["suspected", "ask", "compromised-instance", "no route, and an unknown type asks in any case"],
    ["sample", "ignore", null, "a sample finding: nothing happened"],
  ]);
  expect(said[1]?.["mustAsk"]).toEqual({ "i-0123456789abcdef1": "instance i-0123456789abcdef1 is exempt" });
  const table = await cordon("triage", file);
  expect(table.stdout.split("\n")[0]).toMatch(/^TYPE +VERDICT +ROUTE +INSTANCES +WHY$/);
  expect(table.stdout).toContain("instance i-0123456789abcdef1 is exempt");
  expect(received).toEqual([]);
}, 60_000);

test("a finding is handed over with --apply alone, once, and a receiver that fails is told", async () => {
  writeFileSync(join(folder, "cordon.yaml"), routes.replace("ADDRESS", address));
  writeFileSync(file, text({ type: "Custom:EC2/OurRule" }));
  const respond = (...more: string[]): Promise<Ended> => cordon("respond", "--finding", file, ...more);
  expect(await respond()).toMatchObject({ code: 0, stdout: "" });
  expect(received).toEqual([]);
  status = 400;
  const failed = await respond("--apply", "--yes");
  expect(failed.code).toBe(3);
  expect(failed.stderr).toContain(
    `Finding f1 could not be handed over to ${address}/soc: it answered with status 400.`,
  );
  status = 200;
  expect((await respond("--apply", "--yes")).stderr).toContain(`handed over (status 200) to ${address}/soc.`);
  expect((await respond("--apply", "--yes")).stderr).toContain(`had been handed over before to ${address}/soc.`);
  expect(received.map(({ path }) => path)).toEqual(["/soc", "/soc"]);
  expect(new Set(received.map(({ id }) => id)).size).toBe(1);
}, 120_000);

test("a route to a playbook that is not there is refused before anything is done", async () => {
  writeFileSync(join(folder, "cordon.yaml"), "routes: [{ to: { playbook: nowhere } }]\n");
  writeFileSync(file, text({}));
  const { code, stderr } = await cordon("triage", file);
  expect(code).toBe(2);
  expect(stderr).toContain("routes.0.to.playbook: there is no playbook nowhere");
});

test("after all of this there is no case", async () => {
  expect((await cordon("cases", "ls")).stdout).toBe("No cases. `cordon drill` rehearses one.\n");
}, 60_000);
