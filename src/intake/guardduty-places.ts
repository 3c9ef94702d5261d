import type { InstanceTags } from "./dispositions.ts";
import type { Refuse } from "./document.ts";
import { type GuardDutyFinding, instanceId } from "./guardduty-shape.ts";

/** Instances of one finding, at most: each is a case, and each case's journal names them all. */
const MOST_INSTANCES = 1000;

const EXPECTED = "expected an instance id: i- and 8 or 17 hexadecimal digits";

const EXFILTRATION = "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.";

/** Instances of one account and Region. */
export interface Place {
  readonly account: string;
  readonly region: string;
  readonly instances: readonly string[];
}

/** Where the finding's instances are. The finding's own account and Region come first, with or without an instance. */
export function placesOf(source: GuardDutyFinding, refuse: Refuse): readonly Place[] {
  const own = { account: source.accountId, region: source.region };
  const places = new Map<string, Place & { readonly instances: string[] }>();
  const add = ({ account, region }: typeof own, id: string): void => {
    const key = `${account}/${region}`;
    const place = places.get(key) ?? { account, region, instances: [] };
    places.set(key, place);
    if (!place.instances.includes(id)) place.instances.push(id);
  };
  const named = namedInstance(source, refuse);
  if (named !== null) add(own, named);

  const members = sequenceInstances(source);
  if (members.length > MOST_INSTANCES)
    refuse(
      `service.detection.sequence.resources: it names ${members.length} instances, and ${MOST_INSTANCES} are the most`,
    );
  for (const { uid, accountId, region } of members) {
    const id = instanceId.safeParse(uid?.split("/").at(-1));
    if (id.success) add({ account: accountId ?? own.account, region: region ?? own.region }, id.data);
    else refuse(`service.detection.sequence.resources.uid: ${EXPECTED}, found ${quoted(uid)}`);
  }
  return places.size === 0 ? [{ ...own, instances: [] }] : [...places.values()];
}

/** Tags by instance id, as far as the finding has them. */
export function tagsOf(source: GuardDutyFinding): InstanceTags {
  const { instanceDetails } = source.resource;
  const all = [
    { id: instanceDetails?.instanceId, tags: instanceDetails?.tags },
    ...sequenceInstances(source).map(({ uid, tags }) => ({ id: uid?.split("/").at(-1), tags })),
  ];
  return Object.fromEntries(
    all.flatMap(({ id, tags }) =>
      id == null || tags == null
        ? []
        : [[id, Object.fromEntries(tags.map(({ key, value }) => [key, value ?? ""]))] as const],
    ),
  );
}

type SequenceResource = NonNullable<
  NonNullable<NonNullable<NonNullable<GuardDutyFinding["service"]>["detection"]>["sequence"]>["resources"]
>[number];

function sequenceInstances({ service }: GuardDutyFinding): readonly SequenceResource[] {
  const resources = service?.detection?.sequence?.resources ?? [];
  return resources.filter(({ resourceType }) => resourceType === "EC2_INSTANCE");
}

/**
 * The instance that the finding itself names. One about stolen credentials names it in the principal: the session of an
 * instance's role carries the instance id as its name, `AROAEXAMPLE:i-0abc...`.
 * https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html
 */
function namedInstance({ type, resource }: GuardDutyFinding, refuse: Refuse): string | null {
  const principal = resource.accessKeyDetails?.principalId;
  const fromPrincipal = instanceId.safeParse(principal?.split(":").at(-1));
  if (type.startsWith(EXFILTRATION) && fromPrincipal.success) return fromPrincipal.data; // Whose credentials they were.
  const direct = resource.instanceDetails?.instanceId ?? (fromPrincipal.success ? fromPrincipal.data : null);
  if (direct !== null) return direct;
  if (type.startsWith(EXFILTRATION)) {
    return refuse(
      `resource.accessKeyDetails.principalId: expected a session of an instance's role, such as AROAEXAMPLE:i-0123456789abcdef0, found ${quoted(principal)}`,
    );
  }
  if (resource.resourceType === "Instance")
    refuse("resource.instanceDetails.instanceId: a finding about an instance must name it");
  return null;
}

function quoted(text: string | null | undefined): string {
  return text == null ? "nothing" : JSON.stringify(text.slice(0, 80));
}
