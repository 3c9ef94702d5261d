import type { Session } from "../world/identity.ts";
import type { Instance, NetworkInterface } from "../world/model.ts";
import type { Random } from "../world/random.ts";
import { randomText } from "../world/random.ts";
import { interfacesOf } from "../world/place.ts";
import type { Place } from "../world/world.ts";

const HEX = "0123456789abcdef";
const MINUTE_MS = 60_000;

/** What sets one finding apart from another. */
export interface FindingOptions {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly severity: number;
  readonly role: "ACTOR" | "TARGET";
  readonly action: Readonly<Record<string, unknown>>;
  readonly instance: Instance;
  readonly featureName?: string;
  readonly count?: number;
  readonly sample?: boolean;
  /** The stolen credentials, for findings about an access key. */
  readonly accessKey?: Pick<Session, "accessKeyId" | "roleName" | "sessionName">;
}

/**
 * A GuardDuty finding in the EventBridge shape, complete as GuardDuty sends it: five minutes after it first saw it.
 *
 * https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html
 */
export function guardDutyEvent(
  place: Place,
  random: Random,
  options: FindingOptions,
): Readonly<Record<string, unknown>> {
  const { account, region, world } = place;
  const now = world.now();
  const detectorId = randomText(random, HEX, 32);
  const id = randomText(random, HEX, 32);
  const [firstSeen, lastSeen, updated] = [now - 6 * MINUTE_MS, now - MINUTE_MS, now - 5_000].map((at) =>
    new Date(at).toISOString(),
  );
  return {
    version: "0",
    id: uuid(random),
    "detail-type": "GuardDuty Finding",
    source: "aws.guardduty",
    account: account.id,
    time: new Date(now).toISOString(),
    region: region.name,
    resources: [],
    detail: {
      schemaVersion: "2.0",
      accountId: account.id,
      region: region.name,
      partition: "aws",
      id,
      arn: `arn:aws:guardduty:${region.name}:${account.id}:detector/${detectorId}/finding/${id}`,
      type: options.type,
      resource: resourceOf(place, options),
      service: {
        serviceName: "guardduty",
        detectorId,
        action: options.action,
        resourceRole: options.role,
        additionalInfo: options.sample
          ? { sample: true, value: '{"sample":true}', type: "default" }
          : { value: "{}", type: "default" },
        eventFirstSeen: firstSeen,
        eventLastSeen: lastSeen,
        archived: false,
        count: options.count ?? 1,
        ...(options.featureName === undefined ? {} : { featureName: options.featureName }),
      },
      severity: options.severity,
      createdAt: updated,
      updatedAt: updated,
      title: options.title,
      description: options.description,
    },
  };
}

/** The `networkConnectionAction` of findings that GuardDuty makes from VPC flow logs. */
export function networkConnectionAction(options: {
  readonly remoteIp: string;
  readonly remotePort: number;
  readonly localIp: string;
  readonly localPort: number;
  readonly direction: "INBOUND" | "OUTBOUND";
  readonly blocked?: boolean;
}): Readonly<Record<string, unknown>> {
  return {
    actionType: "NETWORK_CONNECTION",
    networkConnectionAction: {
      connectionDirection: options.direction,
      localIpDetails: { ipAddressV4: options.localIp },
      remoteIpDetails: remoteIpDetails(options.remoteIp),
      remotePortDetails: { port: options.remotePort, portName: portName(options.remotePort) },
      localPortDetails: { port: options.localPort, portName: portName(options.localPort) },
      protocol: "TCP",
      blocked: options.blocked ?? false,
    },
  };
}

/** The `portProbeAction` of an instance that somebody outside has knocked at. */
export function portProbeAction(options: {
  readonly remoteIp: string;
  readonly localIp: string;
  readonly localPort: number;
}): Readonly<Record<string, unknown>> {
  return {
    actionType: "PORT_PROBE",
    portProbeAction: {
      blocked: false,
      portProbeDetails: [
        {
          localPortDetails: { port: options.localPort, portName: portName(options.localPort) },
          localIpDetails: { ipAddressV4: options.localIp },
          remoteIpDetails: remoteIpDetails(options.remoteIp),
        },
      ],
    },
  };
}

/** The `awsApiCallAction` of a call that was made with an instance's credentials. */
export function apiCallAction(options: {
  readonly api: string;
  readonly serviceName: string;
  readonly remoteIp: string;
}): Readonly<Record<string, unknown>> {
  return {
    actionType: "AWS_API_CALL",
    awsApiCallAction: {
      api: options.api,
      serviceName: options.serviceName,
      callerType: "Remote IP",
      remoteIpDetails: remoteIpDetails(options.remoteIp),
      affectedResources: {},
    },
  };
}

function resourceOf(place: Place, { instance, accessKey }: FindingOptions): Readonly<Record<string, unknown>> {
  const instanceDetails = instanceDetailsOf(place, instance);
  if (!accessKey) return { resourceType: "Instance", instanceDetails };
  const role = place.account.roles.get(accessKey.roleName ?? "");
  return {
    resourceType: "AccessKey",
    accessKeyDetails: {
      accessKeyId: accessKey.accessKeyId,
      principalId: `${role?.id ?? ""}:${accessKey.sessionName ?? ""}`,
      userName: accessKey.roleName,
      userType: "AssumedRole",
    },
    instanceDetails,
  };
}

function instanceDetailsOf(place: Place, instance: Instance): Readonly<Record<string, unknown>> {
  const association = instance.profileAssociation;
  return {
    instanceId: instance.id,
    instanceType: instance.instanceType,
    instanceState: instance.state,
    imageId: instance.imageId,
    imageDescription: "Amazon Linux 2023 AMI",
    launchTime: new Date(instance.launchTime).toISOString(),
    availabilityZone: instance.availabilityZone,
    platform: instance.platform,
    productCodes: [],
    outpostArn: null,
    iamInstanceProfile: association ? { arn: association.profileArn, id: association.profileId } : null,
    tags: instance.tags.map(({ key, value }) => ({ key, value })),
    networkInterfaces: interfacesOf(place, instance).map((each) => interfaceDetailsOf(place, each)),
  };
}

function interfaceDetailsOf({ region }: Place, each: NetworkInterface): Readonly<Record<string, unknown>> {
  const privateIp = each.privateIps[0] ?? "";
  const privateDnsName = `ip-${privateIp.replaceAll(".", "-")}.${region.name}.compute.internal`;
  return {
    networkInterfaceId: each.id,
    subnetId: each.subnetId,
    vpcId: each.vpcId,
    privateDnsName,
    privateIpAddress: privateIp,
    privateIpAddresses: each.privateIps.map((ip) => ({ privateDnsName, privateIpAddress: ip })),
    ipv6Addresses: each.ipv6Addresses,
    publicIp: each.publicAddress?.ip ?? null,
    publicDnsName: "",
    securityGroups: each.groupIds.map((groupId) => ({
      groupId,
      groupName: region.securityGroups.get(groupId)?.name ?? "",
    })),
  };
}

function remoteIpDetails(ip: string): Readonly<Record<string, unknown>> {
  return {
    ipAddressV4: ip,
    organization: { asn: "64500", asnOrg: "EXAMPLE-AS", isp: "Example Hosting", org: "Example Hosting" },
    country: { countryName: "Example Country" },
    city: { cityName: "Example City" },
    geoLocation: { lat: 0, lon: 0 },
  };
}

const PORT_NAMES: ReadonlyMap<number, string> = new Map([
  [22, "SSH"],
  [80, "HTTP"],
  [443, "HTTPS"],
]);

function portName(port: number): string {
  return PORT_NAMES.get(port) ?? "Unknown";
}

function uuid(random: Random): string {
  const text = (length: number): string => randomText(random, HEX, length);
  return `${text(8)}-${text(4)}-4${text(3)}-a${text(3)}-${text(12)}`;
}
