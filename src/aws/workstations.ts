import {
  DescribeInstancesCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
  type Filter,
  type Instance,
  type ResourceType,
  type _InstanceType as InstanceTypeName,
} from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import { hasAwsCode } from "./aws-call-error.ts";
import { isStopProtected, setApiTermination } from "./instance-attributes.ts";
import type { Sender } from "./sender.ts";

/** Everything that a launch says, and that a repeated one must say again: AWS refuses another request under the same token. */
export interface Launch {
  readonly token: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly subnetId: string;
  readonly groupId: string;
  /** Name of an instance profile; null for none. */
  readonly profile: string | null;
  readonly keyName: string | null;
  readonly rootDevice: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A workstation as AWS shows it. */
export interface Workstation {
  readonly id: string;
  /** `pending`, `running`, `stopping`, `stopped`, `shutting-down` or `terminated`. */
  readonly state: string;
  /** Why it is no longer running, in AWS's words; null where AWS says nothing. */
  readonly stateReason: string | null;
  readonly instanceType: string;
  readonly zone: string;
  readonly privateIp: string | null;
  readonly publicIp: string | null;
  readonly groupIds: readonly string[];
  readonly requiresMetadataTokens: boolean;
  /** The client token of the launch; null where it had none. */
  readonly token: string | null;
  readonly volumeIds: readonly string[];
  readonly keyName: string | null;
}

const TAGGED: readonly ResourceType[] = ["instance", "volume", "network-interface"];

/**
 * Launches one hardened instance and gives its id; under the same token it gives the one that an earlier call launched.
 *
 * No public address, metadata with session tokens only and not beyond the instance, an encrypted root that goes with it,
 * protected from termination, and stopped (not ended) by a shutdown from inside.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
 */
export async function launchWorkstation(ec2: Sender, launch: Launch): Promise<string> {
  const { token, imageId, instanceType, subnetId, groupId, profile, keyName, rootDevice, tags } = launch;
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({
      ClientToken: token,
      ImageId: imageId,
      InstanceType: instanceType as InstanceTypeName,
      MinCount: 1,
      MaxCount: 1,
      NetworkInterfaces: [
        {
          DeviceIndex: 0,
          SubnetId: subnetId,
          Groups: [groupId],
          AssociatePublicIpAddress: false,
          DeleteOnTermination: true,
        },
      ],
      BlockDeviceMappings: [
        { DeviceName: rootDevice, Ebs: { Encrypted: true, DeleteOnTermination: true, VolumeType: "gp3" } },
      ],
      MetadataOptions: { HttpEndpoint: "enabled", HttpTokens: "required", HttpPutResponseHopLimit: 1 },
      DisableApiTermination: true,
      InstanceInitiatedShutdownBehavior: "stop",
      TagSpecifications: TAGGED.map((ResourceType) => ({ ResourceType, Tags })),
      ...(profile === null ? {} : { IamInstanceProfile: { Name: profile } }),
      ...(keyName === null ? {} : { KeyName: keyName }),
    }),
  );
  const id = Instances[0]?.InstanceId;
  if (id === undefined) throw new CordonError("answer_incomplete", { what: "AWS launched an instance without an id" });
  return id;
}

/** Reads a workstation by its id; null when the account shows none (not yet, or an hour after its end). */
export async function findWorkstation(ec2: Sender, id: string): Promise<Workstation | null> {
  return one(ec2, { Name: "instance-id", Values: [id] });
}

/** What was launched under a client token that nobody else can guess; null when AWS shows nothing of it. */
export async function workstationOfToken(ec2: Sender, token: string): Promise<Workstation | null> {
  return one(ec2, { Name: "client-token", Values: [token] });
}

async function one(ec2: Sender, filter: Filter): Promise<Workstation | null> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters: [filter] }));
  const [instance] = Reservations.flatMap(({ Instances = [] }) => Instances);
  return instance === undefined ? null : read(instance);
}

function read(instance: Instance): Workstation {
  const { InstanceId, State, Placement, SecurityGroups = [], MetadataOptions, BlockDeviceMappings = [] } = instance;
  if (InstanceId === undefined)
    throw new CordonError("answer_incomplete", { what: "AWS described an instance without an id" });
  return {
    id: InstanceId,
    state: State?.Name ?? "unknown",
    stateReason: instance.StateReason?.Message ?? null,
    instanceType: instance.InstanceType ?? "unknown",
    zone: Placement?.AvailabilityZone ?? "unknown",
    privateIp: instance.PrivateIpAddress ?? null,
    publicIp: instance.PublicIpAddress ?? null,
    groupIds: SecurityGroups.flatMap(({ GroupId }) => GroupId ?? []),
    requiresMetadataTokens: MetadataOptions?.HttpTokens === "required",
    token: instance.ClientToken === undefined || instance.ClientToken === "" ? null : instance.ClientToken,
    volumeIds: BlockDeviceMappings.flatMap(({ Ebs }) => Ebs?.VolumeId ?? []),
    keyName: instance.KeyName ?? null,
  };
}

/**
 * Ends an instance that the caller's own ledger says Cordon launched: the only call of its kind. The launch's token is asked
 * for first, and its termination protection lifted, which the launch had set. Where AWS refuses the end, the protection is
 * set again.
 *
 * `foreign`: AWS says that somebody else launched it, and it is left alone. `held`: somebody protected it from being stopped,
 * which Cordon never does, so that it is wanted, and stays as protected as it was. `gone`: AWS shows none, any more or as yet.
 */
export async function endWorkstation(
  ec2: Sender,
  { id, token }: { readonly id: string; readonly token: string },
): Promise<"ending" | "ended" | "gone" | "foreign" | "held"> {
  const seen = await findWorkstation(ec2, id);
  if (seen === null) return "gone";
  if (seen.token !== token) return "foreign";
  if (seen.state === "terminated") return "ended";
  if (seen.state === "shutting-down") return "ending";
  try {
    // Stop protection keeps it from being ended as well: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-stop-protection.html
    if (await isStopProtected(ec2, id)) return "held";
    await setApiTermination(ec2, id, false); // The launch set it.
    await terminate(ec2, id);
    return "ending";
  } catch (error) {
    if (hasAwsCode(error, "OperationNotPermitted")) return "held";
    if (hasAwsCode(error, "InvalidInstanceID.NotFound")) return "gone";
    if (hasAwsCode(error, "IncorrectInstanceState")) return "ending";
    throw error;
  }
}

/** AWS takes the order, or the instance is protected again before the refusal is told. */
async function terminate(ec2: Sender, id: string): Promise<void> {
  try {
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  } catch (error) {
    await protectAgain(ec2, id);
    throw error;
  }
}

/** What is ending already, or gone, can be protected no more. */
async function protectAgain(ec2: Sender, id: string): Promise<void> {
  try {
    await setApiTermination(ec2, id, true);
  } catch (error) {
    if (hasAwsCode(error, "IncorrectInstanceState") || hasAwsCode(error, "InvalidInstanceID.NotFound")) return;
    throw error;
  }
}
