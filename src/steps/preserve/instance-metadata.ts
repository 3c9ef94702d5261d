import { z } from "zod";
import { describeInstance } from "../../aws/instance-description.ts";
import { findInstance } from "../../aws/instances.ts";
import { describeMemberships } from "../../aws/membership-description.ts";
import { describeSurroundings } from "../../aws/surroundings-description.ts";
import { stored } from "../../core/artifact.ts";
import { Refusal } from "../../core/errors.ts";
import { canonicalJson } from "../../core/json.ts";
import { collected, defineCollection } from "../../core/step.ts";
import { expectStored } from "./stored-content.ts";

/**
 * Saves everything that AWS says of the instance and of what surrounds it, as one JSON document.
 *
 * The instance with its attributes and user data (base 64, as it is), interfaces, addresses, groups with their rules,
 * subnets, VPCs, route tables, network ACLs, endpoints, volumes, type, image, key pair, profile, role with the names of its
 * policies, tags, scaling group, target groups with their load balancers, and what Systems Manager knows. In AWS's own words, and each part with the time when it was read: beside
 * a cut, parts can show a state from before and from after it.
 *
 * A part that cannot be read is in the document with the error, and keeps none of the others.
 */
export const instanceMetadata = defineCollection({
  id: "preserve.instance-metadata",
  title: "Save what AWS knows of the instance",
  settlesWithinMs: 0,
  permissions: {
    target: {
      plan: ["ec2:DescribeInstances"],
      collect: [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "ec2:DescribeAddresses",
        "ec2:DescribeIamInstanceProfileAssociations",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstanceStatus",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "ec2:DescribeKeyPairs",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeTags",
        "ec2:DescribeVolumes",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcs",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "iam:GetInstanceProfile",
        "iam:GetRole",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "ssm:DescribeInstanceInformation",
      ],
      verify: [],
    },
  },
  input: z.strictObject({}),
  item: z.strictObject({}),

  async plan({ aws, target: { instanceId, account, region } }) {
    const instance = await findInstance(aws.ec2, instanceId);
    if (instance === null) throw new Refusal("instance_not_found", { instanceId, account, region });
    return { items: [{ resource: instanceId, details: {} }], left: [] };
  },

  async collect({ aws, vault, now, target: { account, region } }, { resource }) {
    const machine = await describeInstance(aws, resource);
    const [surroundings, memberships] = await Promise.all([
      describeSurroundings(aws, machine),
      describeMemberships(aws, resource, machine),
    ]);
    const parts = { ...machine, ...surroundings, ...memberships };
    const document = { document: "instance-metadata", version: 1, account, region, instanceId: resource, parts };
    const kept = await vault.put("instance-metadata", `${resource}.json`, Buffer.from(canonicalJson(document)));
    const unread = Object.entries(parts).flatMap(([name, part]) => ("error" in part ? [name] : []));
    const lineage = { instanceId: resource, mediaType: "application/json", parts: Object.keys(parts).length, unread };
    return collected(stored("instance-metadata", kept, { readAt: now, lineage }));
  },

  verify: (_, { resource }, artifacts) => Promise.resolve(expectStored(`description of ${resource}`, artifacts)),
});
