import type {
  AssociateIamInstanceProfileRequest,
  AssociateIamInstanceProfileResult,
  DescribeIamInstanceProfileAssociationsRequest,
  DescribeIamInstanceProfileAssociationsResult,
  DisassociateIamInstanceProfileRequest,
  DisassociateIamInstanceProfileResult,
  IamInstanceProfileAssociation,
  IamInstanceProfileSpecification,
  ReplaceIamInstanceProfileAssociationRequest,
  ReplaceIamInstanceProfileAssociationResult,
} from "@aws-sdk/client-ec2";
import { newProfileAssociation } from "../../world/build-instances.ts";
import type { InstanceProfile } from "../../world/identity.ts";
import type { Instance, ProfileAssociation } from "../../world/model.ts";
import { handler, type Context } from "../handler.ts";
import { ec2Error, existing, missingParameter } from "./errors.ts";
import { filterBy, paged } from "./selection.ts";

function describeAssociation(instanceId: string, association: ProfileAssociation): IamInstanceProfileAssociation {
  return {
    AssociationId: association.id,
    InstanceId: instanceId,
    State: association.state,
    IamInstanceProfile: { Arn: association.profileArn, Id: association.profileId },
  };
}

const describe = handler(
  (context, input: DescribeIamInstanceProfileAssociationsRequest): DescribeIamInstanceProfileAssociationsResult => {
    const all = context.world
      .list(context.region.instances)
      .flatMap(({ id, profileAssociation }) =>
        profileAssociation ? [{ instanceId: id, association: profileAssociation, tags: [] }] : [],
      );
    for (const id of input.AssociationIds ?? [])
      if (!all.some(({ association }) => association.id === id)) throw missingAssociation(id);
    const { AssociationIds: ids } = input;
    const named = ids && ids.length > 0 ? all.filter(({ association }) => ids.includes(association.id)) : all;
    const found = filterBy(named, input.Filters, {
      "instance-id": ({ instanceId }) => instanceId,
      state: ({ association }) => association.state,
    });
    const { items, token } = paged(context, found, { input });
    return {
      IamInstanceProfileAssociations: items.map(({ instanceId, association }) =>
        describeAssociation(instanceId, association),
      ),
      NextToken: token,
    };
  },
);

/** An instance has one profile: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateIamInstanceProfile.html */
const associate = handler((context, input: AssociateIamInstanceProfileRequest): AssociateIamInstanceProfileResult => {
  const instance = existing(context.world, context.region.instances, { kind: "instance", id: input.InstanceId });
  const profile = profileOf(context, input.IamInstanceProfile);
  if (instance.profileAssociation)
    throw ec2Error("IncorrectState", `There is an existing association for instance ${instance.id}`);
  requireLife(instance);
  const association = newProfileAssociation(context, profile);
  context.world.change(instance, () => (instance.profileAssociation = association));
  return { IamInstanceProfileAssociation: { ...describeAssociation(instance.id, association), State: "associating" } };
});

const replace = handler(
  (context, input: ReplaceIamInstanceProfileAssociationRequest): ReplaceIamInstanceProfileAssociationResult => {
    const instance = instanceWith(context, input.AssociationId);
    requireLife(instance);
    const association = newProfileAssociation(context, profileOf(context, input.IamInstanceProfile));
    context.world.change(instance, () => (instance.profileAssociation = association));
    return {
      IamInstanceProfileAssociation: { ...describeAssociation(instance.id, association), State: "associating" },
    };
  },
);

const disassociate = handler(
  (context, input: DisassociateIamInstanceProfileRequest): DisassociateIamInstanceProfileResult => {
    const instance = instanceWith(context, input.AssociationId);
    const gone = instance.profileAssociation;
    context.world.change(instance, () => (instance.profileAssociation = null));
    return gone
      ? { IamInstanceProfileAssociation: { ...describeAssociation(instance.id, gone), State: "disassociating" } }
      : {};
  },
);

function instanceWith({ region }: Context, associationId: string | undefined): Instance {
  if (associationId === undefined) throw missingParameter("AssociationId");
  const instance = [...region.instances.values()].find(
    ({ profileAssociation }) => profileAssociation?.id === associationId,
  );
  if (!instance) throw missingAssociation(associationId);
  return instance;
}

function missingAssociation(id: string): Error {
  return ec2Error("InvalidAssociationID.NotFound", `The association ID '${id}' does not exist`);
}

function requireLife({ id, state }: Instance): void {
  if (state === "terminated" || state === "shutting-down")
    throw ec2Error("IncorrectInstanceState", `The instance '${id}' is in the '${state}' state.`);
}

/** The profile that a call names by ARN or by name. */
export function profileOf({ account }: Context, given: IamInstanceProfileSpecification | undefined): InstanceProfile {
  const profile = [...account.instanceProfiles.values()].find(({ name, arn }) =>
    given?.Arn === undefined ? name === given?.Name : arn === given.Arn,
  );
  if (!profile)
    throw ec2Error(
      "InvalidParameterValue",
      `Value (${given?.Arn ?? given?.Name ?? ""}) for parameter iamInstanceProfile.${given?.Arn === undefined ? "name" : "arn"} is invalid. Invalid IAM Instance Profile ${given?.Arn === undefined ? "name" : "ARN"}`,
    );
  return profile;
}

export const profileHandlers = {
  DescribeIamInstanceProfileAssociations: describe,
  AssociateIamInstanceProfile: associate,
  ReplaceIamInstanceProfileAssociation: replace,
  DisassociateIamInstanceProfile: disassociate,
};
