import { createInstanceProfile, createRole } from "./build-identity.ts";
import { createVpcEndpoint } from "./endpoints.ts";
import type { InstanceProfile } from "./identity.ts";
import type { Place } from "./world.ts";

/**
 * A profile whose role lets an agent of Systems Manager work, and nothing else: the part of AWS's own
 * `AmazonSSMManagedInstanceCore` that Run Command needs.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html
 */
export function createCollectionProfile(place: Place, name: string): InstanceProfile {
  const role = createRole(place, {
    name,
    inlinePolicies: {
      agent: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Action: ["ssm:UpdateInstanceInformation", "ssmmessages:*", "ec2messages:*"],
            Resource: "*",
          },
        ],
      },
    },
  });
  return createInstanceProfile(place, { name, roleName: role.name });
}

/** The interface endpoints through which agents of a VPC reach Systems Manager. */
export function createSsmEndpoints(place: Place, vpcId: string): void {
  for (const service of ["ssm", "ssmmessages", "ec2messages"])
    createVpcEndpoint(place, {
      vpcId,
      serviceName: `com.amazonaws.${place.region.name}.${service}`,
      kind: "Interface",
    });
}
