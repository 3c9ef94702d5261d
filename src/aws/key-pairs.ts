import { DeleteKeyPairCommand, DescribeInstancesCommand, DescribeKeyPairsCommand } from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import type { Sender } from "./sender.ts";

export interface KeyPair {
  readonly id: string;
  readonly name: string;
  readonly fingerprint: string;
}

/** A page holds up to 1,000 instances. */
const MOST_PAGES = 50;

/** The stored key pair of a name; null where the account has none. The call does not page. */
export async function keyPairNamed(ec2: Sender, name: string): Promise<KeyPair | null> {
  return find(ec2, { Name: "key-name", Values: [name] });
}

/** A stored key pair by its id; null once it is deleted. */
export async function findKeyPair(ec2: Sender, id: string): Promise<KeyPair | null> {
  return find(ec2, { Name: "key-pair-id", Values: [id] });
}

/** Deletes the stored public key; well if it is gone. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteKeyPair.html */
export async function deleteKeyPair(ec2: Sender, id: string): Promise<void> {
  await ec2.send(new DeleteKeyPairCommand({ KeyPairId: id }));
}

/** The name of the key pair that an instance was launched with; null where there was none. */
export async function keyNameOf(ec2: Sender, instanceId: string): Promise<string | null> {
  const { Reservations = [] } = await ec2.send(
    new DescribeInstancesCommand({ Filters: [{ Name: "instance-id", Values: [instanceId] }] }),
  );
  const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
  return instances.find(({ InstanceId }) => InstanceId === instanceId)?.KeyName ?? null;
}

/** Ids of the instances that were launched with a key pair of this name and are not terminated. */
export async function instancesWithKey(ec2: Sender, name: string): Promise<readonly string[]> {
  const found: string[] = [];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { Reservations = [], NextToken } = await ec2.send(
      new DescribeInstancesCommand({
        Filters: [{ Name: "key-name", Values: [name] }],
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const { InstanceId, State } of Reservations.flatMap(({ Instances = [] }) => Instances))
      if (InstanceId !== undefined && State?.Name !== "terminated") found.push(InstanceId);
    if (NextToken === undefined || NextToken === "") return found.toSorted();
    token = NextToken;
  }
  throw new CordonError("list_without_end", { what: `instances with key pair ${name}`, pages: String(MOST_PAGES) });
}

async function find(
  ec2: Sender,
  filter: { readonly Name: string; readonly Values: string[] },
): Promise<KeyPair | null> {
  const { KeyPairs = [] } = await ec2.send(new DescribeKeyPairsCommand({ Filters: [filter] }));
  const [pair] = KeyPairs;
  if (pair?.KeyPairId === undefined || pair.KeyName === undefined) return null;
  return { id: pair.KeyPairId, name: pair.KeyName, fingerprint: pair.KeyFingerprint ?? "" };
}
