import { expect, test } from "vitest";
import type { Finding } from "../core/finding.ts";
import { judge } from "./triage.ts";
import { triageTable } from "./triage-table.ts";

const finding: Finding = {
  id: "f1",
  source: "guardduty",
  type: "Backdoor:EC2/C&CActivity.B",
  title: "C2",
  severity: 8,
  account: "111122223333",
  region: "eu-west-1",
  instances: ["i-0123456789abcdef0"],
  role: null,
  remoteAddresses: [],
  channel: null,
  interfaces: [],
  firstSeen: "2026-11-01T12:00:00.000Z",
  lastSeen: "2026-11-01T12:00:00.000Z",
  updatedAt: "2026-11-01T12:00:00.000Z",
  sample: false,
  archived: false,
  rawSha256: "",
};

/** https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-active.html, written down by prefix. */
const published = {
  "Backdoor:EC2/":
    "C&CActivity.B C&CActivity.B!DNS DenialOfService.Dns DenialOfService.Tcp DenialOfService.Udp DenialOfService.UdpOnTcpPorts DenialOfService.UnusualProtocol Spambot",
  "Behavior:EC2/": "NetworkPortUnusual TrafficVolumeUnusual",
  "CryptoCurrency:EC2/": "BitcoinTool.B BitcoinTool.B!DNS",
  "DefenseEvasion:EC2/": "UnusualDNSResolver UnusualDoHActivity UnusualDoTActivity",
  "Impact:EC2/":
    "AbusedDomainRequest.Reputation BitcoinDomainRequest.Reputation MaliciousDomainRequest.Reputation MaliciousDomainRequest.Custom SuspiciousDomainRequest.Reputation PortSweep WinRMBruteForce",
  "Recon:EC2/": "PortProbeEMRUnprotectedPort PortProbeUnprotectedPort Portscan",
  "Trojan:EC2/":
    "BlackholeTraffic BlackholeTraffic!DNS DGADomainRequest.B DGADomainRequest.C!DNS DNSDataExfiltration DriveBySourceTraffic!DNS DropPoint DropPoint!DNS PhishingDomainRequest!DNS",
  "UnauthorizedAccess:EC2/":
    "MaliciousIPCaller.Custom MetadataDNSRebind RDPBruteForce SSHBruteForce TorClient TorRelay",
  "Execution:EC2/": "MaliciousFile SuspiciousFile MaliciousFile!Snapshot MaliciousFile!AMI MaliciousFile!RecoveryPoint",
  "AttackSequence:":
    "EC2/CompromisedInstanceGroup EKS/CompromisedCluster ECS/CompromisedCluster IAM/CompromisedCredentials S3/CompromisedData",
  "UnauthorizedAccess:IAMUser/": "InstanceCredentialExfiltration.InsideAWS InstanceCredentialExfiltration.OutsideAWS",
  "Backdoor:Runtime/": "C&CActivity.B C&CActivity.B!DNS",
  "CryptoCurrency:Runtime/": "BitcoinTool.B BitcoinTool.B!DNS",
  "DefenseEvasion:Runtime/":
    "FilelessExecution KernelModuleLoaded SensitiveFileModified ProcessInjection.Proc ProcessInjection.Ptrace ProcessInjection.VirtualMemoryWrite PtraceAntiDebugging SuspiciousCommand",
  "Discovery:Runtime/": "SuspiciousCommand",
  "Execution:Runtime/":
    "MaliciousFileExecuted MaliciousFileExecuted.Custom NewBinaryExecuted NewLibraryLoaded SuspiciousCommand SuspiciousShellCreated SuspiciousTool ReverseShell",
  "Impact:Runtime/":
    "AbusedDomainRequest.Reputation BitcoinDomainRequest.Reputation MaliciousDomainRequest.Reputation SuspiciousDomainRequest.Reputation CryptoMinerExecuted",
  "Persistence:Runtime/": "SuspiciousCommand SensitiveFileModified",
  "PrivilegeEscalation:Runtime/":
    "CGroupsReleaseAgentModified ContainerMountsHostDirectory DockerSocketAccessed ElevationToRoot RuncContainerEscape SuspiciousCommand SensitiveFileModified UserfaultfdUsage",
  "Trojan:Runtime/":
    "BlackholeTraffic BlackholeTraffic!DNS DropPoint DropPoint!DNS DGADomainRequest.C!DNS DriveBySourceTraffic!DNS PhishingDomainRequest!DNS",
  "UnauthorizedAccess:Runtime/": "MetadataDNSRebind TorClient TorRelay",
};

const publishedTypes = Object.entries(published).flatMap(([prefix, names]) =>
  names.split(" ").map((name) => `${prefix}${name}`),
);

test("every published type has a row", () => {
  expect(publishedTypes).toHaveLength(98);
  expect(publishedTypes.filter((type) => !triageTable.has(type))).toEqual([]);
});

test.each([
  ["Backdoor:EC2/C&CActivity.B!DNS", "target", "compromised"],
  ["Backdoor:EC2/C&CActivity.B", null, "compromised"],
  ["UnauthorizedAccess:EC2/SSHBruteForce", "actor", "compromised"],
  ["UnauthorizedAccess:EC2/SSHBruteForce", "target", "exposure"],
  ["UnauthorizedAccess:EC2/RDPBruteForce", null, "suspected"],
  ["Recon:EC2/PortProbeUnprotectedPort", "target", "exposure"],
  ["Recon:EC2/PortProbeEMRUnprotectedPort", "target", "exposure"],
  ["Recon:EC2/Portscan", "actor", "suspected"],
  ["Execution:Runtime/ReverseShell", null, "compromised"],
  ["Execution:Runtime/SuspiciousCommand", null, "suspected"],
  ["Execution:EC2/MaliciousFile", null, "compromised"],
  ["Execution:EC2/MaliciousFile!AMI", null, "unrelated"],
  ["Trojan:EC2/DNSDataExfiltration", "actor", "compromised"],
  ["Custom:EC2/OurOwnRule", "actor", "suspected"],
] as const)("%s with the role %s means %s", (type, role, verdict) => {
  expect(judge({ ...finding, type, role }).verdict).toBe(verdict);
});

test("credentials used inside AWS are judged by the severity that AWS gives them", () => {
  const type = "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS";
  expect(judge({ ...finding, type, severity: 8 }).verdict).toBe("compromised");
  expect(judge({ ...finding, type, severity: 5 }).verdict).toBe("suspected");
});

test("a sample is a sample before it is anything else, and an archived finding is done with", () => {
  expect(judge({ ...finding, sample: true, archived: true }).verdict).toBe("sample");
  expect(judge({ ...finding, archived: true }).verdict).toBe("archived");
});

test("a finding that names no instance never acts by itself", () => {
  expect(judge({ ...finding, instances: [] }).verdict).toBe("suspected");
  expect(judge({ ...finding, type: "Policy:S3/BucketPublicAccessGranted", instances: [] }).verdict).toBe("unrelated");
});

test("every judgement gives a reason, in every role", () => {
  for (const type of publishedTypes) {
    for (const role of ["actor", "target", null] as const)
      expect(judge({ ...finding, type, role }).reason).not.toBe("");
  }
});
