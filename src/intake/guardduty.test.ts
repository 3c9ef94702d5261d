import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CordonError } from "../core/errors.ts";
import { readGuardDuty } from "./guardduty.ts";
import { judge } from "./triage.ts";

const file = "finding.json";
const read = (document: unknown) => readGuardDuty(JSON.stringify(document), { file }).findings;

const detail = {
  id: "f1",
  type: "Backdoor:EC2/C&CActivity.B",
  title: "C2",
  severity: 8,
  accountId: "111122223333",
  region: "eu-west-1",
  createdAt: "2026-11-01T12:00:00.000Z",
  updatedAt: "2026-11-01T12:05:00.000Z",
  resource: {
    resourceType: "Instance",
    instanceDetails: {
      instanceId: "i-0123456789abcdef0",
      networkInterfaces: [
        {
          networkInterfaceId: "eni-0123456789abcdef0",
          subnetId: "subnet-0aaaaaaaaaaaaaaa1",
          vpcId: "vpc-0aaaaaaaaaaaaaaa2",
        },
        { networkInterfaceId: "$(reboot)", subnetId: "subnet-0aaaaaaaaaaaaaaa1" },
      ],
    },
  },
  service: {
    archived: false,
    resourceRole: "ACTOR",
    eventFirstSeen: "2026-11-01T11:59:00Z",
    eventLastSeen: "2026-11-01T12:04:00Z",
    additionalInfo: { value: "{}", type: "default" },
    action: {
      actionType: "NETWORK_CONNECTION",
      networkConnectionAction: {
        protocol: "TCP",
        remoteIpDetails: { ipAddressV4: "198.51.100.7" },
        remotePortDetails: { port: 443 },
      },
    },
  },
  aFieldOfNextYear: { deep: [1] },
};
const envelope = { "detail-type": "GuardDuty Finding", source: "aws.guardduty", detail };

/** The spelling of the API: every key with a capital. */
function capitals(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(capitals);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key.charAt(0).toUpperCase() + key.slice(1), capitals(member)]),
  );
}

function reasonOf(received: string | Uint8Array): string {
  try {
    readGuardDuty(received, { file });
  } catch (error) {
    if (error instanceof CordonError && error.code === "finding_unreadable") return error.particulars["reason"] ?? "";
    throw error;
  }
  return "it was read";
}

test("an event of EventBridge is read", () => {
  expect(read(envelope)).toEqual([
    {
      id: "f1",
      source: "guardduty",
      type: "Backdoor:EC2/C&CActivity.B",
      title: "C2",
      severity: 8,
      account: "111122223333",
      region: "eu-west-1",
      instances: ["i-0123456789abcdef0"],
      role: "actor",
      resourceType: "Instance",
      remoteAddresses: [{ address: "198.51.100.7", port: 443, protocol: "tcp" }],
      channel: null,
      interfaces: [
        { id: "eni-0123456789abcdef0", subnetId: "subnet-0aaaaaaaaaaaaaaa1", vpcId: "vpc-0aaaaaaaaaaaaaaa2" },
      ],
      firstSeen: "2026-11-01T11:59:00.000Z",
      lastSeen: "2026-11-01T12:04:00.000Z",
      updatedAt: "2026-11-01T12:05:00.000Z",
      sample: false,
      archived: false,
      rawSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  ]);
});

test.each([
  ["one finding of the API", capitals(detail)],
  ["a list of events", [envelope]],
  ["what GetFindings returns", { Findings: [capitals(detail)] }],
])("%s says the same as the event", (_, document) => {
  const [fromEvent, fromApi] = [read(envelope)[0], read(document)[0]];
  expect({ ...fromApi, rawSha256: "" }).toEqual({ ...fromEvent, rawSha256: "" });
});

test("the public sample is a sample, although it names a target and a command-and-control server", () => {
  const bytes = readFileSync(new URL("../../test/fixtures/findings/guardduty-c2-dns.sample.json", import.meta.url));
  const { findings } = readGuardDuty(bytes, { file });
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({
    account: "883606788610",
    instances: ["i-99999999"],
    role: "target",
    channel: "dns",
    sample: true,
  });
  expect(judge(findings[0]!).verdict).toBe("sample");
});

test.each([
  ["in its title", { ...detail, title: "[SAMPLE] C2" }],
  ["by a flag", { ...detail, service: { ...detail.service, additionalInfo: { sample: true } } }],
  ["inside a JSON string", { ...detail, service: { ...detail.service, additionalInfo: { value: '{"sample":true}' } } }],
])("a sample that says so %s is a sample", (_, document) => {
  expect(read(document)[0]?.sample).toBe(true);
  expect(read(capitals(document))[0]?.sample).toBe(true);
});

test("a finding whose text only mentions samples is none", () => {
  expect(read({ ...detail, title: "Not a [SAMPLE]" })[0]?.sample).toBe(false);
});

test("a thief's address travels with the channel of credentials, and the instance comes from the principal", () => {
  const [finding] = read({
    ...detail,
    type: "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
    resource: {
      resourceType: "AccessKey",
      accessKeyDetails: { principalId: "AROAEXAMPLE:i-0123456789abcdef0", userName: "web", userType: "AssumedRole" },
    },
    service: { action: { awsApiCallAction: { api: "ListBuckets", remoteIpDetails: { ipAddressV4: "203.0.113.9" } } } },
  });
  expect(finding).toMatchObject({
    instances: ["i-0123456789abcdef0"],
    channel: "credentials",
    remoteAddresses: [{ address: "203.0.113.9", port: null, protocol: null }],
    firstSeen: "2026-11-01T12:00:00.000Z",
    roleName: "web",
  });
});

test.each([
  ["AIDAEXAMPLE", '"AIDAEXAMPLE"'],
  ["AROAEXAMPLE:deploy", '"AROAEXAMPLE:deploy"'],
  [undefined, "nothing"],
])("stolen credentials of the principal %s belong to no instance, which is said", (principalId, found) => {
  const exfiltration = {
    ...detail,
    type: "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS",
    resource: { resourceType: "AccessKey", accessKeyDetails: { principalId, userName: "web" } },
  };
  expect(reasonOf(JSON.stringify(exfiltration))).toBe(
    `resource.accessKeyDetails.principalId: expected a session of an instance's role, such as AROAEXAMPLE:i-0123456789abcdef0, found ${found}`,
  );
});

test.each([
  ["AssumedRole", "AIDAEXAMPLE:i-0123456789abcdef0", "web"],
  ["Role", "AIDAEXAMPLE:i-0123456789abcdef0", "web"],
  [undefined, "AROAEXAMPLE:i-0123456789abcdef0", "web"],
  ["IAMUser", "AROAEXAMPLE:i-0123456789abcdef0", undefined],
  ["Root", "AROAEXAMPLE:i-0123456789abcdef0", undefined],
  [undefined, "AIDAEXAMPLE:i-0123456789abcdef0", undefined],
])("the user name of a %s with the principal %s is the role %s", (userType, principalId, roleName) => {
  const accessKeyDetails = { principalId, userName: "web", ...(userType === undefined ? {} : { userType }) };
  const [finding] = read({ ...detail, resource: { resourceType: "AccessKey", accessKeyDetails } });
  expect(finding?.roleName).toBe(roleName);
});

test("the profile that the instance had is read, and a text that is not a profile's ARN is left out", () => {
  const arnOf = (arn: string | null) => {
    const instanceDetails = { ...detail.resource.instanceDetails, iamInstanceProfile: { arn, id: "AIPAEXAMPLE" } };
    return read({ ...detail, resource: { ...detail.resource, instanceDetails } })[0]?.profileArn;
  };
  expect(arnOf("arn:aws:iam::111122223333:instance-profile/apps/web")).toBe(
    "arn:aws:iam::111122223333:instance-profile/apps/web",
  );
  expect(arnOf("arn:aws:iam::111122223333:role/web")).toBeUndefined();
  expect(arnOf(null)).toBeUndefined();
});

test("the tags of an instance are handed on beside its finding, in either spelling", () => {
  const instanceDetails = { ...detail.resource.instanceDetails, tags: [{ key: "Env", value: "prod" }, { key: "x" }] };
  const tagged = { ...detail, resource: { ...detail.resource, instanceDetails } };
  for (const document of [tagged, capitals(tagged)]) {
    const { findings, tags } = readGuardDuty(JSON.stringify(document), { file });
    expect(tags.get(findings[0]!)).toEqual({ "i-0123456789abcdef0": { Env: "prod", x: "" } });
  }
});

test("every prober of a port is named once", () => {
  const probe = (ipAddressV4: string) => ({ remoteIpDetails: { ipAddressV4 }, localPortDetails: { port: 22 } });
  const portProbeDetails = [probe("203.0.113.1"), probe("203.0.113.1"), probe("203.0.113.2")];
  const [finding] = read({ ...detail, service: { action: { portProbeAction: { portProbeDetails } } } });
  expect(finding?.remoteAddresses.map(({ address }) => address)).toEqual(["203.0.113.1", "203.0.113.2"]);
});

test("an attack sequence names its instances, each under its own account and region", () => {
  const instance = (uid: string, accountId: string) => ({
    resourceType: "EC2_INSTANCE",
    uid,
    accountId,
    region: "eu-west-1",
  });
  const findings = read({
    ...detail,
    type: "AttackSequence:EC2/CompromisedInstanceGroup",
    resource: { resourceType: "AttackSequence" },
    service: {
      detection: {
        sequence: {
          resources: [
            instance("arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0", "111122223333"),
            instance("i-0123456789abcdef1", "111122223333"),
            instance("i-0123456789abcdef2", "444455556666"),
            { resourceType: "S3_BUCKET", uid: "logs" },
          ],
          signals: [
            { firstSeenAt: "2026-11-01T10:30:00Z", lastSeenAt: "2026-11-01T10:40:00Z" },
            { firstSeenAt: 1793527200, lastSeenAt: 1793527260 },
          ],
          endpoints: [
            { id: "e1", ip: "198.51.100.7", port: 8443 },
            { id: "e2", domain: "evil.example" },
          ],
        },
      },
    },
  });
  expect(findings.map(({ account, instances }) => [account, instances])).toEqual([
    ["111122223333", ["i-0123456789abcdef0", "i-0123456789abcdef1"]],
    ["444455556666", ["i-0123456789abcdef2"]],
  ]);
  expect(findings[0]?.remoteAddresses).toEqual([{ address: "198.51.100.7", port: 8443, protocol: null }]);
  expect(findings[0]).toMatchObject({ firstSeen: "2026-11-01T10:00:00.000Z", lastSeen: "2026-11-01T10:40:00.000Z" });
});

test("control characters and reversed text in a title are taken out", () => {
  expect(read({ ...detail, title: "\u001b[31mred\u202eder\u0007" })[0]?.title).toBe("[31mredder");
});

test("an address left empty is no address", () => {
  const networkConnectionAction = { protocol: "TCP", remoteIpDetails: { ipAddressV4: "" } };
  expect(read({ ...detail, service: { action: { networkConnectionAction } } })[0]?.remoteAddresses).toEqual([]);
});

test.each([
  ["", "it is empty"],
  ["[]", "its list of findings is empty"],
  ["[1]", "a finding is a JSON object"],
  ["null", "a finding is a JSON object"],
  ['{"Findings":[]}', "its list of findings is empty"],
  [
    '{"detail-type":"Scheduled Event","detail":{}}',
    'its detail-type is "Scheduled Event", and "GuardDuty Finding" was expected',
  ],
  ["[".repeat(2000) + "]".repeat(2000), "it is nested deeper than 64 levels"],
  [" ".repeat(4 * 1024 * 1024 + 1), "it is larger than 4194304 bytes, the most that is read"],
  [JSON.stringify({ ...detail, id: "f\u001b1" }), 'id: holds control characters, found "f\\u001b1"'],
  [
    JSON.stringify({ ...detail, updatedAt: undefined }),
    "updatedAt: Invalid input: expected string, received undefined",
  ],
  [
    JSON.stringify({
      ...detail,
      resource: { resourceType: "Instance", instanceDetails: { instanceId: "i-0; reboot" } },
    }),
    'resource.instanceDetails.instanceId: expected an instance id: i- and 8 or 17 hexadecimal digits, found "i-0; reboot"',
  ],
  [JSON.stringify({ ...detail, accountId: "12" }), 'accountId: expected the twelve digits of an account, found "12"'],
  [
    JSON.stringify({ ...detail, region: "Frankfurt" }),
    'region: expected a region such as eu-west-1, found "Frankfurt"',
  ],
  [
    JSON.stringify({ ...detail, severity: "high" }),
    'severity: Invalid input: expected number, received string, found "high"',
  ],
  [JSON.stringify({ ...detail, resource: [] }), "resource: Invalid input: expected object, received array"],
  [
    JSON.stringify({ ...detail, resource: { resourceType: "Instance" } }),
    "resource.instanceDetails.instanceId: a finding about an instance must name it",
  ],
])("%.40s is refused, with the reason", (text, reason) => {
  expect(reasonOf(text)).toBe(reason);
});

test("bytes that are not UTF-8, and text that is not JSON, are refused", () => {
  expect(reasonOf(new Uint8Array([0xff, 0xfe, 0x00]))).toBe("it is not UTF-8 text");
  expect(reasonOf('{"title": "raw \u0007 bell"}')).toBe(
    "it is not JSON: line 1, column 16: the control character U+0007 does not belong there",
  );
});

test("an address that is none is refused, because it would be denied", () => {
  const networkConnectionAction = { remoteIpDetails: { ipAddressV4: "198.51.100.7/0" } };
  expect(reasonOf(JSON.stringify({ ...detail, service: { action: { networkConnectionAction } } }))).toBe(
    'service.action.networkConnectionAction.remoteIpDetails.ipAddressV4: expected an IPv4 or IPv6 address, found "198.51.100.7/0"',
  );
});
