import {
  DescribeInstancesCommand,
  ModifyInstanceMetadataOptionsCommand,
  type InstanceMetadataOptionsResponse,
} from "@aws-sdk/client-ec2";
import type { Sender } from "./sender.ts";

/** How an instance may reach its metadata service. Members as AWS spells their values. */
export interface MetadataOptions {
  readonly endpoint: "enabled" | "disabled";
  readonly tokens: "optional" | "required";
  readonly hopLimit: number;
  readonly ipv6: "enabled" | "disabled";
  readonly tags: "enabled" | "disabled";
}

export interface PresentMetadataOptions {
  readonly instanceState: string;
  /** False while AWS still brings them into force. */
  readonly isApplied: boolean;
  readonly options: MetadataOptions;
  /** The service that manages the instance and alone may change it; null where the account does. */
  readonly managedBy: string | null;
}

/** The metadata options of an instance; null when the account has none of this id. */
export async function metadataOptionsOf(ec2: Sender, instanceId: string): Promise<PresentMetadataOptions | null> {
  const { Reservations = [] } = await ec2.send(
    new DescribeInstancesCommand({ Filters: [{ Name: "instance-id", Values: [instanceId] }] }),
  );
  const instance = Reservations.flatMap(({ Instances = [] }) => Instances).find(
    (each) => each.InstanceId === instanceId,
  );
  if (instance === undefined) return null;
  const { MetadataOptions: shown = {}, State, Operator } = instance;
  return {
    instanceState: State?.Name ?? "unknown",
    isApplied: shown.State !== "pending",
    options: read(shown),
    managedBy: Operator?.Managed === true ? (Operator.Principal ?? "an AWS service") : null,
  };
}

/**
 * Sets some options; those left out stay. They are in force when AWS shows them as applied.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceMetadataOptions.html
 */
export async function setMetadataOptions(
  ec2: Sender,
  instanceId: string,
  { endpoint, tokens, hopLimit, ipv6, tags }: Partial<MetadataOptions>,
): Promise<void> {
  await ec2.send(
    new ModifyInstanceMetadataOptionsCommand({
      InstanceId: instanceId,
      ...(endpoint === undefined ? {} : { HttpEndpoint: endpoint }),
      ...(tokens === undefined ? {} : { HttpTokens: tokens }),
      ...(hopLimit === undefined ? {} : { HttpPutResponseHopLimit: hopLimit }),
      ...(ipv6 === undefined ? {} : { HttpProtocolIpv6: ipv6 }),
      ...(tags === undefined ? {} : { InstanceMetadataTags: tags }),
    }),
  );
}

/** What AWS leaves out has its documented default. */
function read(shown: InstanceMetadataOptionsResponse): MetadataOptions {
  return {
    endpoint: shown.HttpEndpoint ?? "enabled",
    tokens: shown.HttpTokens ?? "optional",
    hopLimit: shown.HttpPutResponseHopLimit ?? 1,
    ipv6: shown.HttpProtocolIpv6 ?? "disabled",
    tags: shown.InstanceMetadataTags ?? "disabled",
  };
}
