import { expect, test } from "vitest";
import { manualFinding, remoteAddressIn } from "./manual.ts";
import { judge } from "./triage.ts";

const statement = {
  instanceIds: ["i-0123456789abcdef0"],
  remoteAddresses: ["198.51.100.7:443/tcp"],
  person: "ada",
  account: "111122223333",
  region: "eu-west-1",
  now: Date.UTC(2026, 10, 1, 12),
  command: "respond",
};

test("a person's word is a finding, and its verdict stands in that person's name", () => {
  const finding = manualFinding(statement);
  expect(finding).toMatchObject({
    source: "manual",
    type: "Manual:EC2/CompromisedInstance",
    instances: ["i-0123456789abcdef0"],
    remoteAddresses: [{ address: "198.51.100.7", port: 443, protocol: "tcp" }],
    updatedAt: "2026-11-01T12:00:00.000Z",
  });
  expect(judge(finding)).toEqual({ verdict: "compromised", reason: "ada states that the instance is compromised" });
});

test("the same statement at the same time has the same id", () => {
  expect(manualFinding(statement).id).toBe(manualFinding(statement).id);
  expect(manualFinding(statement).id).not.toBe(manualFinding({ ...statement, now: 0 }).id);
});

test.each([
  ["198.51.100.7", { address: "198.51.100.7", port: null, protocol: null }],
  ["198.51.100.7:53/udp", { address: "198.51.100.7", port: 53, protocol: "udp" }],
  ["2001:db8::7", { address: "2001:db8::7", port: null, protocol: null }],
  ["[2001:db8::7]:443", { address: "2001:db8::7", port: 443, protocol: null }],
  ["198.51.100.7/tcp", { address: "198.51.100.7", port: null, protocol: "tcp" }],
  ["198.51.100.0/24", null],
  ["198.51.100.7:70000", null],
  ["evil.example", null],
  ["", null],
])("the address %s is read as %j", (text, expected) => {
  expect(remoteAddressIn(text)).toEqual(expected);
});

test.each([
  [{ instanceIds: [] }, "The list of instances is not valid: it is empty."],
  [{ instanceIds: ["web-1"] }, "Instance id web-1 is not valid: expected i- and 8 or 17 hexadecimal digits."],
  [
    { remoteAddresses: ["evil"] },
    "Remote address evil is not valid: expected an address such as 198.51.100.7:443/tcp.",
  ],
  [{ region: "here" }, "region is not valid: expected one such as eu-west-1."],
  [{ person: "ada\u001b[2J" }, "The person's name is not valid: it is empty or holds control characters."],
])("%j is refused", (change, message) => {
  expect(() => manualFinding({ ...statement, ...change })).toThrow(message);
});
