import { type EventAttribute, globalRegionOf } from "../../aws/cloudtrail-events.ts";
import type { Finding } from "../../core/finding.ts";
import type { Target } from "../../core/step.ts";

/** One way of looking into the event history: a lookup takes a single attribute, and each Region has a history of its own. */
export interface Way {
  readonly attribute: EventAttribute;
  readonly value: string;
  readonly region: string;
  /** What it finds, in words. */
  readonly shows: string;
}

export interface Seen {
  readonly target: Target;
  readonly roles: readonly { readonly name: string; readonly arn: string }[];
  readonly findings: readonly Pick<Finding, "accessKeyId" | "roleName">[];
}

/**
 * Every way that finds something about the instance. Its role's sessions are named by its id, so that the user name finds what
 * was done with its credentials, wherever from: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html
 *
 * A role stands in the history under the word that a call used: IAM's calls name it, those that take it give its ARN.
 */
export function waysOf({ target, roles, findings }: Seen): readonly Way[] {
  const { instanceId, region } = target;
  const regions = [...new Set([region, globalRegionOf(region)])];
  const everywhere = (attribute: EventAttribute, value: string, shows: string): readonly Way[] =>
    regions.map((each) => ({ attribute, value, region: each, shows }));
  const keys = unique(findings.flatMap(({ accessKeyId }) => accessKeyId ?? []));
  const names = unique([...roles.map(({ name }) => name), ...findings.flatMap(({ roleName }) => roleName ?? [])]);
  return [
    ...everywhere("Username", instanceId, "what was called with credentials of the instance, wherever from"),
    { attribute: "ResourceName", value: instanceId, region, shows: "what was done to the instance" },
    ...names.map((name): Way => ({
      attribute: "ResourceName",
      value: name,
      region: globalRegionOf(region),
      shows: "what was changed of the role",
    })),
    ...unique(roles.map(({ arn }) => arn)).flatMap((arn) => everywhere("ResourceName", arn, "who took the role")),
    ...keys.flatMap((key) =>
      everywhere("AccessKeyId", key, "what was called with the access key that a finding names"),
    ),
  ];
}

/** What no lookup finds, for the plan and for whoever reads the events. */
export function notInHistory({ region }: Target): string {
  const regions = [...new Set([region, globalRegionOf(region)])].join(" and ");
  return (
    `The event history has management events of 90 days: what was done with objects and other data is not in it ` +
    `(a trail may have it), and it was asked in ${regions} only.`
  );
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}
