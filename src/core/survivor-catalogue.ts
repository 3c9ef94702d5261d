/** What a survivor means, what ends it and whom that hits: one entry per code, and the source of docs/reference/survivors.md. */
export interface SurvivorMeaning {
  readonly title: string;
  /** Why it can outlive the cut. */
  readonly why: string;
  /** What ends it. */
  readonly endedBy: string;
  /** Whom that hits besides the instance. */
  readonly hits: string;
  /** It may remain beside `true` if nothing indicates it: nothing in AWS filters it, or a person left it open. */
  readonly isBesideTrue?: true;
}

export const survivorCatalogue = {
  "flow.tracked": {
    title: "Flows that AWS may still track",
    why: "Security groups are stateful: a flow that was allowed before the seal goes on after it.",
    endedBy:
      "contain.remote-addresses for known peers, contain.network-acl, contain.stop; flow logs can show that it is silent",
    hits: "every machine of the subnet; with contain.stop only the instance",
  },
  "flow.indicated": {
    title: "A flow with an address that a finding names",
    why: "A finding names the peer, and no ground closes the flow.",
    endedBy: "contain.remote-addresses, contain.network-acl, contain.stop",
    hits: "every machine of the subnet; with contain.stop only the instance",
  },
  "flow.seen": {
    title: "Packets that were accepted after the cut",
    why: "A flow log shows them.",
    endedBy: "contain.network-acl, contain.stop",
    hits: "every machine of the subnet; with contain.stop only the instance",
  },
  "flow.managed": {
    title: "An interface that only a service may change",
    why: "Nobody in the account can seal it, so its rules of now decide.",
    endedBy: "contain.stop",
    hits: "the instance loses its memory and its work",
  },
  "flow.branch": {
    title: "Branch interfaces that AWS did not list",
    why: "An interface that cannot be listed cannot be sealed or read back.",
    endedBy: "contain.stop",
    hits: "the instance loses its memory and its work",
  },
  "service.resolver": {
    title: "DNS to AWS's resolver",
    why: "Neither security groups nor network ACLs filter it.",
    endedBy: "a Route 53 Resolver DNS Firewall on the VPC, or contain.stop",
    hits: "every machine of the VPC; with contain.stop only the instance",
    isBesideTrue: true,
  },
  "service.metadata": {
    title: "Instance metadata",
    why: "Neither security groups nor network ACLs filter it.",
    endedBy: "contain.metadata-service, contain.stop",
    hits: "the instance loses its memory and its work",
    isBesideTrue: true,
  },
  "service.time": {
    title: "The time service",
    why: "Neither security groups nor network ACLs filter it.",
    endedBy: "contain.stop",
    hits: "the instance loses its memory and its work",
    isBesideTrue: true,
  },
  "shell.session": {
    title: "A Session Manager session",
    why: "Systems Manager lists it as active.",
    endedBy: "contain.ssm-sessions",
    hits: "the person who uses the session",
  },
  "credentials.not-denied": {
    title: "A role whose credentials are not denied",
    why: "Credentials outlive a removed profile and the instance itself: only a deny on the role ends them.",
    endedBy: "contain.role-sessions; for roles that only AWS may change, their service or IAM Identity Center",
    hits: "nobody else: the deny names this instance's sessions",
  },
  "credentials.unknown-role": {
    title: "A role that is not known",
    why: "The instance profile or role that was named is gone, so nobody can say that its sessions are denied.",
    endedBy: "a deny on the role, once CloudTrail shows which one it was",
    hits: "depends on the role",
  },
  "credentials.agent": {
    title: "Calls of the agent of Systems Manager during a collection",
    why: "The deny leaves them out for a time that the policy itself ends, and a thief can make them as well.",
    endedBy: "the end of that time, or contain.role-sessions with agent never",
    hits: "the collection that uses the agent",
  },
  "credentials.unconfirmed": {
    title: "A deny that no event history confirms yet",
    why: "IAM takes minutes, and CloudTrail up to 15 more, until calls show whether the deny is in force everywhere.",
    endedBy: "time: the deny read back a second time, and the event histories of all Regions",
    hits: "nobody",
  },
  "credentials.used": {
    title: "A call that the deny should have refused",
    why: "CloudTrail shows that it was permitted more than 10 minutes after the deny was written.",
    endedBy: "a deny on the principal that CloudTrail names",
    hits: "everybody who uses that principal",
  },
  "credentials.made": {
    title: "New access that was made with the credentials",
    why: "CloudTrail shows calls that create users, keys, roles, trusts, functions or instances.",
    endedBy: "a person who looks at what was made, and removes it",
    hits: "depends on what was made",
  },
  "credentials.access-key": {
    title: "An access key that a finding names",
    why: "No deny on a role reaches the keys of a user.",
    endedBy: "iam:UpdateAccessKey with the status Inactive; a deny on the user for its temporary credentials",
    hits: "everybody who works with that key",
  },
  "credentials.container": {
    title: "Credentials of containers on the instance",
    why: "Tasks and pods have roles of their own, whose sessions do not carry the instance's ARN.",
    endedBy: "a deny on the task's or pod's role",
    hits: "every task or pod with that role",
  },
  "credentials.data-calls": {
    title: "Data calls until the deny was in force everywhere",
    why: "No event history has data events: only a trail that records them shows such calls.",
    endedBy: "a trail with data events",
    hits: "nobody",
    isBesideTrue: true,
  },
  "credentials.bought": {
    title: "Tokens that were obtained before the deny",
    why: "Registry and database tokens, open sessions and Kubernetes tokens need no further call that a deny could refuse.",
    endedBy: "their own end: 12 hours for registries, up to 90 days for Kubernetes; or the service that trusts them",
    hits: "depends on the service",
    isBesideTrue: true,
  },
  "credentials.no-room": {
    title: "Sessions that the role's policy has no room to name",
    why: "The inline policies of a role have a quota of 10,240 characters.",
    endedBy: "contain.role-wide-sessions",
    hits: "every instance with the role, and others that assumed it, until they renew",
  },
  "credentials.chained": {
    title: "Sessions of other roles that the instance assumed",
    why: "A session that was assumed with the instance's credentials does not carry the instance's ARN.",
    endedBy: "a deny on those roles",
    hits: "everybody who uses those roles",
  },
  "cut.undone": {
    title: "A part of the cut that is undone again and again",
    why: "Whoever undoes it has the permissions to undo it again.",
    endedBy: "contain.stop for the network, a service control policy for credentials",
    hits: "with contain.stop the instance loses its memory and its work; with a policy everybody whom it covers",
  },
  "forensic.way-in": {
    title: "The way in that the level `forensic` leaves open",
    why: "Examiners reach the instance by it.",
    endedBy: "contain.security-groups with level sealed",
    hits: "examiners, who then have the disks only",
    isBesideTrue: true,
  },
  "forensic.stranger": {
    title: "A machine in the workstations' group that is not the incident's",
    why: "The level `forensic` lets in every member of that group.",
    endedBy: "other groups for that machine, or contain.security-groups with level sealed",
    hits: "the people who work on that machine",
  },
} as const satisfies Readonly<Record<string, SurvivorMeaning>>;

export type SurvivorCode = keyof typeof survivorCatalogue;

/** Whether what is left may stand beside `true`. ICMP with private blocks may; older journals have no codes. */
export function besideTrue(code: SurvivorCode | undefined, kind: string): boolean {
  if (kind === "icmp") return true;
  if (code === undefined) return kind === "resolver" || kind === "metadata" || kind === "time";
  const meaning: SurvivorMeaning | undefined = survivorCatalogue[code];
  return meaning?.isBesideTrue === true;
}
