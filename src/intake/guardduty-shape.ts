import { z } from "zod";
import { isPrintable } from "./printable.ts";

/** Text that decides something: what it names must be exactly what is shown. */
const identifier = z.string().min(1).max(512).refine(isPrintable, "holds control characters");

const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());

const account = z.string().regex(/^\d{12}$/, "expected the twelve digits of an account");
const region = z.string().regex(/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/, "expected a region such as eu-west-1");

export const instanceId = z
  .string()
  .regex(/^i-[0-9a-f]{8}([0-9a-f]{9})?$/, "expected an instance id: i- and 8 or 17 hexadecimal digits");

/** Products leave an address out by writing nothing or an empty word. */
const address = z
  .union([z.ipv4(), z.ipv6(), z.literal("")], { error: "expected an IPv4 or IPv6 address" })
  .nullish()
  .transform((text) => (text === "" ? null : (text ?? null)));

const remoteIp = z.object({ ipAddressV4: address, ipAddressV6: address }).nullish();
const port = z.object({ port: z.int().min(0).max(65_535).nullish() }).nullish();

const action = z.object({
  networkConnectionAction: z
    .object({
      protocol: z.string().max(64).nullish(),
      remoteIpDetails: remoteIp,
      remotePortDetails: port,
    })
    .nullish(),
  portProbeAction: z.object({ portProbeDetails: z.array(z.object({ remoteIpDetails: remoteIp })).nullish() }).nullish(),
  awsApiCallAction: z.object({ remoteIpDetails: remoteIp }).nullish(),
  dnsRequestAction: z.object({}).nullish(),
});

/** The address of a sequence's endpoint, where it has one. https://docs.aws.amazon.com/guardduty/latest/APIReference/API_NetworkEndpoint.html */
const endpoint = z.object({ ip: address, port: z.int().min(0).max(65_535).nullish() });

/** An instance has at most 50: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html */
const tags = z.array(z.object({ key: z.string(), value: z.string().nullish() }));

/** https://docs.aws.amazon.com/guardduty/latest/APIReference/API_ResourceV2.html */
const sequenceResource = z.object({
  uid: z.string().max(2048).nullish(),
  resourceType: z.string().nullish(),
  accountId: account.nullish(),
  region: region.nullish(),
  tags: tags.nullish(),
});

/** Products write a time as text, and some writers of JSON as seconds since 1970. */
const moment = z.union([
  instant,
  z
    .number()
    .min(0)
    .max(8_640_000_000)
    .transform((seconds) => new Date(seconds * 1000).toISOString()),
]);

/** https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Signal.html */
const signal = z.object({ firstSeenAt: moment.nullish(), lastSeenAt: moment.nullish() });

const networkInterface = z.object({
  networkInterfaceId: z.string().nullish(),
  subnetId: z.string().nullish(),
  vpcId: z.string().nullish(),
});

/**
 * What Cordon reads of a GuardDuty finding, in the spelling of EventBridge. Unknown fields are passed over; what is
 * here decides, and must be right.
 * https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html
 */
export const guardDutyFinding = z.object({
  id: identifier,
  type: identifier.max(256),
  title: z.string().nullish(),
  severity: z.number().min(0).max(10),
  accountId: account,
  region,
  createdAt: instant.nullish(),
  updatedAt: instant,
  resource: z.object({
    resourceType: z.string().nullish(),
    instanceDetails: z
      .object({
        instanceId: instanceId.nullish(),
        networkInterfaces: z.array(networkInterface).nullish(),
        tags: tags.nullish(),
        iamInstanceProfile: z.object({ arn: z.string().max(2048).nullish() }).nullish(),
      })
      .nullish(),
    accessKeyDetails: z
      .object({
        accessKeyId: z.string().max(512).nullish(),
        principalId: z.string().max(512).nullish(),
        userName: z.string().max(512).nullish(),
        userType: z.string().max(64).nullish(),
      })
      .nullish(),
  }),
  service: z
    .object({
      action: action.nullish(),
      resourceRole: z.string().nullish(),
      archived: z.boolean().nullish(),
      eventFirstSeen: instant.nullish(),
      eventLastSeen: instant.nullish(),
      additionalInfo: z.object({ sample: z.unknown().optional(), value: z.unknown().optional() }).nullish(),
      detection: z
        .object({
          sequence: z
            .object({
              resources: z.array(sequenceResource).nullish(),
              endpoints: z.array(endpoint).nullish(),
              signals: z.array(signal).nullish(),
            })
            .nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

export type GuardDutyFinding = z.infer<typeof guardDutyFinding>;
