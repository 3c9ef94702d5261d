import type { Finding, Judgement, Verdict } from "../core/finding.ts";

/** What a type of finding means. A function where the finding's particulars decide. */
export type Meaning = Judgement | ((finding: Finding) => Judgement);

const says =
  (verdict: Verdict, reason: string) =>
  (...types: readonly string[]): readonly (readonly [string, Meaning])[] =>
    types.map((type) => [type, { verdict, reason }] as const);

const decides =
  (meaning: (finding: Finding) => Judgement) =>
  (...types: readonly string[]): readonly (readonly [string, Meaning])[] =>
    types.map((type) => [type, meaning] as const);

/** Brute force is reported from both ends: the one who tries is lost, the one who is tried is being attacked. */
function bruteForce({ role }: Finding): Judgement {
  switch (role) {
    case "actor":
      return { verdict: "compromised", reason: "the instance itself forces passwords elsewhere" };
    case "target":
      return { verdict: "exposure", reason: "somebody tries passwords on the instance; nothing says that one worked" };
    case null:
      return { verdict: "suspected", reason: "brute force, and the finding does not say from which side" };
    default:
      return role satisfies never;
  }
}

/**
 * AWS lowers the severity of this one when the caller belongs to an affiliated account.
 * https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html
 */
function credentialsInsideAws({ severity }: Finding): Judgement {
  return severity >= 7
    ? { verdict: "compromised", reason: "the instance's credentials are used from another AWS account" }
    : { verdict: "suspected", reason: "the instance's credentials are used from an account that may be one of yours" };
}

const rows: readonly (readonly [string, Meaning])[] = [
  ...says("compromised", "the instance speaks to a command-and-control server")(
    "Backdoor:EC2/C&CActivity.B",
    "Backdoor:EC2/C&CActivity.B!DNS",
    "Backdoor:Runtime/C&CActivity.B",
    "Backdoor:Runtime/C&CActivity.B!DNS",
  ),
  ...says("compromised", "the instance takes part in a denial-of-service attack")(
    "Backdoor:EC2/DenialOfService.Dns",
    "Backdoor:EC2/DenialOfService.Tcp",
    "Backdoor:EC2/DenialOfService.Udp",
    "Backdoor:EC2/DenialOfService.UdpOnTcpPorts",
    "Backdoor:EC2/DenialOfService.UnusualProtocol",
  ),
  ...says("compromised", "the instance sends spam")("Backdoor:EC2/Spambot"),
  ...says("compromised", "the instance mines cryptocurrency")(
    "CryptoCurrency:EC2/BitcoinTool.B",
    "CryptoCurrency:EC2/BitcoinTool.B!DNS",
    "CryptoCurrency:Runtime/BitcoinTool.B",
    "CryptoCurrency:Runtime/BitcoinTool.B!DNS",
    "Impact:EC2/BitcoinDomainRequest.Reputation",
    "Impact:Runtime/BitcoinDomainRequest.Reputation",
    "Impact:Runtime/CryptoMinerExecuted",
  ),
  ...says("compromised", "the instance asks for a domain that is known to be malicious")(
    "Impact:EC2/MaliciousDomainRequest.Reputation",
    "Impact:EC2/MaliciousDomainRequest.Custom",
    "Impact:Runtime/MaliciousDomainRequest.Reputation",
  ),
  ...says("compromised", "the instance sweeps other hosts for an open port")("Impact:EC2/PortSweep"),
  ...says("compromised", "the instance behaves as a known trojan does")(
    "Trojan:EC2/BlackholeTraffic",
    "Trojan:EC2/BlackholeTraffic!DNS",
    "Trojan:EC2/DGADomainRequest.B",
    "Trojan:EC2/DGADomainRequest.C!DNS",
    "Trojan:EC2/DriveBySourceTraffic!DNS",
    "Trojan:EC2/DropPoint",
    "Trojan:EC2/DropPoint!DNS",
    "Trojan:EC2/PhishingDomainRequest!DNS",
    "Trojan:Runtime/BlackholeTraffic",
    "Trojan:Runtime/BlackholeTraffic!DNS",
    "Trojan:Runtime/DGADomainRequest.C!DNS",
    "Trojan:Runtime/DriveBySourceTraffic!DNS",
    "Trojan:Runtime/DropPoint",
    "Trojan:Runtime/DropPoint!DNS",
    "Trojan:Runtime/PhishingDomainRequest!DNS",
  ),
  ...says("compromised", "data leaves the instance through the resolver")("Trojan:EC2/DNSDataExfiltration"),
  ...says("compromised", "a domain was rebound to the metadata service, so the role's credentials may be out")(
    "UnauthorizedAccess:EC2/MetadataDNSRebind",
    "UnauthorizedAccess:Runtime/MetadataDNSRebind",
  ),
  ...says("compromised", "the instance takes part in the Tor network")(
    "UnauthorizedAccess:EC2/TorClient",
    "UnauthorizedAccess:EC2/TorRelay",
    "UnauthorizedAccess:Runtime/TorClient",
    "UnauthorizedAccess:Runtime/TorRelay",
  ),
  ...says("compromised", "malware lies on a volume of the instance")("Execution:EC2/MaliciousFile"),
  ...says(
    "compromised",
    "several findings together are one attack on these instances",
  )("AttackSequence:EC2/CompromisedInstanceGroup"),
  ...says("compromised", "known malware or a reverse shell ran on the instance")(
    "Execution:Runtime/MaliciousFileExecuted",
    "Execution:Runtime/MaliciousFileExecuted.Custom",
    "Execution:Runtime/ReverseShell",
  ),
  ...says("compromised", "a process hides on the instance, or took over another or the kernel")(
    "DefenseEvasion:Runtime/FilelessExecution",
    "DefenseEvasion:Runtime/KernelModuleLoaded",
    "DefenseEvasion:Runtime/ProcessInjection.Proc",
    "DefenseEvasion:Runtime/ProcessInjection.Ptrace",
    "DefenseEvasion:Runtime/ProcessInjection.VirtualMemoryWrite",
  ),
  ...says("compromised", "a container broke out onto the host")(
    "PrivilegeEscalation:Runtime/CGroupsReleaseAgentModified",
    "PrivilegeEscalation:Runtime/RuncContainerEscape",
  ),
  ...says(
    "compromised",
    "the instance's credentials are used outside AWS",
  )("UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS"),
  ...decides(credentialsInsideAws)("UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS"),
  ...decides(bruteForce)(
    "UnauthorizedAccess:EC2/RDPBruteForce",
    "UnauthorizedAccess:EC2/SSHBruteForce",
    "Impact:EC2/WinRMBruteForce",
  ),
  ...says("suspected", "unusual for this instance, and not malicious by itself")(
    "Behavior:EC2/NetworkPortUnusual",
    "Behavior:EC2/TrafficVolumeUnusual",
    "DefenseEvasion:EC2/UnusualDNSResolver",
    "DefenseEvasion:EC2/UnusualDoHActivity",
    "DefenseEvasion:EC2/UnusualDoTActivity",
  ),
  ...says("suspected", "the instance scans ports, as intruders and inventory tools do")("Recon:EC2/Portscan"),
  ...says("suspected", "the instance asks for a domain of low reputation")(
    "Impact:EC2/AbusedDomainRequest.Reputation",
    "Impact:EC2/SuspiciousDomainRequest.Reputation",
    "Impact:Runtime/AbusedDomainRequest.Reputation",
    "Impact:Runtime/SuspiciousDomainRequest.Reputation",
  ),
  ...says(
    "suspected",
    "an address of your own threat list spoke to the instance",
  )("UnauthorizedAccess:EC2/MaliciousIPCaller.Custom"),
  ...says("suspected", "a file on a volume is suspicious, and not known to be malware")("Execution:EC2/SuspiciousFile"),
  ...says("suspected", "malicious or suspicious files lie in a container; a person must say whether its host is lost")(
    "Execution:Container/MaliciousFile",
    "Execution:Container/SuspiciousFile",
    "Execution:ECS/MaliciousFile",
    "Execution:ECS/SuspiciousFile",
    "Execution:Kubernetes/MaliciousFile",
    "Execution:Kubernetes/SuspiciousFile",
  ),
  ...says("suspected", "a cluster is compromised; a person must say which of its hosts are lost")(
    "AttackSequence:ECS/CompromisedCluster",
    "AttackSequence:EKS/CompromisedCluster",
  ),
  ...says("suspected", "something ran on the instance that intruders and administrators both do")(
    "DefenseEvasion:Runtime/PtraceAntiDebugging",
    "DefenseEvasion:Runtime/SensitiveFileModified",
    "DefenseEvasion:Runtime/SuspiciousCommand",
    "Discovery:Runtime/SuspiciousCommand",
    "Execution:Runtime/NewBinaryExecuted",
    "Execution:Runtime/NewLibraryLoaded",
    "Execution:Runtime/SuspiciousCommand",
    "Execution:Runtime/SuspiciousShellCreated",
    "Execution:Runtime/SuspiciousTool",
    "Persistence:Runtime/SensitiveFileModified",
    "Persistence:Runtime/SuspiciousCommand",
    "PrivilegeEscalation:Runtime/ContainerMountsHostDirectory",
    "PrivilegeEscalation:Runtime/DockerSocketAccessed",
    "PrivilegeEscalation:Runtime/ElevationToRoot",
    "PrivilegeEscalation:Runtime/SensitiveFileModified",
    "PrivilegeEscalation:Runtime/SuspiciousCommand",
    "PrivilegeEscalation:Runtime/UserfaultfdUsage",
  ),
  ...says("exposure", "a port of the instance is open to the world and was probed; nobody came in")(
    "Recon:EC2/PortProbeEMRUnprotectedPort",
    "Recon:EC2/PortProbeUnprotectedPort",
  ),
  ...says("unrelated", "malware lies in an image or a backup, and not on a running instance: never restore from it")(
    "Execution:EC2/MaliciousFile!AMI",
    "Execution:EC2/MaliciousFile!RecoveryPoint",
    "Execution:EC2/MaliciousFile!Snapshot",
  ),
  ...says("unrelated", "an identity or a bucket is attacked, and not an instance")(
    "AttackSequence:IAM/CompromisedCredentials",
    "AttackSequence:S3/CompromisedData",
  ),
];

/**
 * The types that Cordon knows, and what each means.
 * https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-active.html
 */
export const triageTable: ReadonlyMap<string, Meaning> = new Map(rows);
