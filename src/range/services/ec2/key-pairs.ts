import type {
  DeleteKeyPairRequest,
  DeleteKeyPairResult,
  DescribeKeyPairsRequest,
  DescribeKeyPairsResult,
} from "@aws-sdk/client-ec2";
import type { KeyPair } from "../../world/model.ts";
import { handler, type Context } from "../handler.ts";
import { ec2Error, missingParameter } from "./errors.ts";
import { filterBy, type Filters } from "./selection.ts";
import { fromTags } from "./tags.ts";

const filters: Filters<KeyPair> = {
  "key-pair-id": ({ id }) => id,
  "key-name": ({ name }) => name,
  fingerprint: ({ fingerprint }) => fingerprint,
};

/** This operation does not page: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeKeyPairs.html */
const describe = handler((context, input: DescribeKeyPairsRequest): DescribeKeyPairsResult => {
  const { KeyNames: names = [], KeyPairIds: ids = [] } = input;
  const all = context.world.list(context.region.keyPairs);
  for (const wanted of names)
    if (!all.some(({ name }) => name === wanted))
      throw ec2Error("InvalidKeyPair.NotFound", `The key pair '${wanted}' does not exist`);
  for (const wanted of ids)
    if (!all.some(({ id }) => id === wanted))
      throw ec2Error("InvalidKeyPair.NotFound", `The key pair with ID '${wanted}' does not exist`);
  const named = all.filter(
    ({ id, name }) => (names.length === 0 || names.includes(name)) && (ids.length === 0 || ids.includes(id)),
  );
  return {
    KeyPairs: filterBy(named, input.Filters, filters).map((pair) => ({
      KeyPairId: pair.id,
      KeyName: pair.name,
      KeyType: "ed25519",
      KeyFingerprint: pair.fingerprint,
      CreateTime: new Date(pair.createdAt),
      Tags: fromTags(pair.tags),
    })),
  };
});

/** A launch names its key pair, and there is one of this name. */
export function requireKeyPair({ world, region }: Context, name: string): void {
  if (!world.list(region.keyPairs).some((pair) => pair.name === name))
    throw ec2Error("InvalidKeyPair.NotFound", `The key pair '${name}' does not exist`);
}

/**
 * Only the stored public key goes; a pair that is not there is no error.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteKeyPair.html
 */
const remove = handler((context, input: DeleteKeyPairRequest): DeleteKeyPairResult => {
  const { KeyPairId, KeyName } = input;
  if (KeyPairId === undefined && KeyName === undefined) throw missingParameter("KeyName or KeyPairId");
  const pair = [...context.region.keyPairs.values()].find(({ id, name }) =>
    KeyPairId === undefined ? name === KeyName : id === KeyPairId,
  );
  if (!pair) return { Return: true };
  context.world.remove(context.region.keyPairs, pair.id);
  return { Return: true, KeyPairId: pair.id };
});

export const keyPairHandlers = { DescribeKeyPairs: describe, DeleteKeyPair: remove };
