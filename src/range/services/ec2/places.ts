import type {
  DescribeAvailabilityZonesRequest,
  DescribeAvailabilityZonesResult,
  DescribeInstanceTypesRequest,
  DescribeInstanceTypesResult,
  DescribeRegionsRequest,
  DescribeRegionsResult,
  InstanceTypeInfo,
} from "@aws-sdk/client-ec2";
import { INSTANCE_TYPES, type InstanceType } from "../../world/instance-types.ts";
import { regionsOf } from "../../world/region-names.ts";
import { handler } from "../handler.ts";
import { ec2Error, invalidValue } from "./errors.ts";
import { filterBy, paged } from "./selection.ts";

/** Defaults of the timers: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DefaultConnectionTrackingConfiguration.html */
function describeType(type: InstanceType): InstanceTypeInfo {
  return {
    InstanceType: type.name as "m5.large",
    CurrentGeneration: type.isNitro,
    Hypervisor: type.isNitro ? "nitro" : "xen",
    BareMetal: type.isBareMetal,
    VCpuInfo: { DefaultVCpus: type.vcpus },
    MemoryInfo: { SizeInMiB: type.memoryMiB },
    InstanceStorageSupported: type.instanceStorage !== null,
    InstanceStorageInfo: type.instanceStorage
      ? {
          TotalSizeInGB: type.instanceStorage.count * type.instanceStorage.sizeGB,
          Disks: [{ Count: type.instanceStorage.count, SizeInGB: type.instanceStorage.sizeGB, Type: "ssd" }],
          NvmeSupport: "required",
          EncryptionSupport: "required",
        }
      : undefined,
    EbsInfo: {
      EncryptionSupport: "supported",
      EbsOptimizedSupport: type.isNitro ? "default" : "supported",
      NvmeSupport: type.isNitro ? "required" : "unsupported",
      MaximumEbsAttachments: type.attachments.maximum,
      AttachmentLimitType: type.attachments.kind,
    },
    ProcessorInfo: { SupportedArchitectures: [type.architecture] },
    NetworkInfo: {
      MaximumNetworkInterfaces: type.maximumInterfaces,
      MaximumNetworkCards: type.maximumNetworkCards,
      DefaultNetworkCardIndex: 0,
      Ipv4AddressesPerInterface: type.ipv4PerInterface,
      Ipv6Supported: true,
      EnaSupport: type.isNitro ? "required" : "unsupported",
      ConnectionTrackingConfiguration: type.isNitro
        ? {
            DefaultTcpEstablishedTimeout: type.defaultTcpEstablishedTimeout,
            DefaultUdpTimeout: 30,
            DefaultUdpStreamTimeout: 180,
          }
        : undefined,
    },
  };
}

const typeFilters = {
  "instance-type": ({ name }: InstanceType) => name,
  hypervisor: ({ isNitro }: InstanceType) => (isNitro ? "nitro" : "xen"),
  "processor-info.supported-architecture": ({ architecture }: InstanceType) => architecture,
};

const describeInstanceTypes = handler((context, input: DescribeInstanceTypesRequest): DescribeInstanceTypesResult => {
  const wanted = input.InstanceTypes as readonly string[] | undefined;
  const unknown = (wanted ?? []).filter((name) => !INSTANCE_TYPES.has(name));
  if (unknown.length > 0)
    throw ec2Error(
      "InvalidInstanceType",
      `The following supplied instance types do not exist: [${unknown.join(", ")}]`,
    );
  const named = [...INSTANCE_TYPES.values()]
    .filter(({ name }) => !wanted || wanted.length === 0 || wanted.includes(name))
    .map((type) => ({ ...type, tags: [] }));
  const { items, token } = paged(context, filterBy(named, input.Filters, typeFilters), { input, range: [5, 100] });
  return { InstanceTypes: items.map(describeType), NextToken: token };
});

/** Without `AllRegions`, those that are switched on: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html */
const describeRegions = handler(({ account }, input: DescribeRegionsRequest): DescribeRegionsResult => {
  const { RegionNames: names, AllRegions: all = false } = input;
  const visible = regionsOf(account).filter(({ optInStatus }) => all || optInStatus !== "not-opted-in");
  const unknown = names?.find((name) => !visible.some((each) => each.name === name));
  if (unknown !== undefined) throw invalidValue(unknown, "region", "No such Region.");
  const chosen = visible
    .filter(({ name }) => !names || names.length === 0 || names.includes(name))
    .map((each) => ({ ...each, tags: [] }));
  const found = filterBy(chosen, input.Filters, {
    "region-name": ({ name }) => name,
    endpoint: ({ name }) => `ec2.${name}.amazonaws.com`,
    "opt-in-status": ({ optInStatus }) => optInStatus,
  });
  return {
    Regions: found.map(({ name, optInStatus }) => ({
      RegionName: name,
      Endpoint: `ec2.${name}.amazonaws.com`,
      OptInStatus: optInStatus,
    })),
  };
});

const describeZones = handler(
  ({ region }, input: DescribeAvailabilityZonesRequest): DescribeAvailabilityZonesResult => {
    const zones = ["a", "b", "c"].map((letter) => ({ name: `${region.name}${letter}`, letter, tags: [] }));
    const unknown = input.ZoneNames?.find((name) => !zones.some((zone) => zone.name === name));
    if (unknown !== undefined) throw ec2Error("InvalidParameterValue", `Invalid availability zone: [${unknown}]`);
    const named = zones.filter(
      ({ name }) => !input.ZoneNames || input.ZoneNames.length === 0 || input.ZoneNames.includes(name),
    );
    const found = filterBy(named, input.Filters, {
      "zone-name": ({ name }) => name,
      "region-name": () => region.name,
      state: () => "available",
    });
    return {
      AvailabilityZones: found.map(({ name }) => ({
        ZoneName: name,
        RegionName: region.name,
        State: "available",
        ZoneType: "availability-zone",
        OptInStatus: "opt-in-not-required",
        GroupName: region.name,
      })),
    };
  },
);

export const placeHandlers = {
  DescribeInstanceTypes: describeInstanceTypes,
  DescribeRegions: describeRegions,
  DescribeAvailabilityZones: describeZones,
};
