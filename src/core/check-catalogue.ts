/** What a failed check means, what helps and whom that hits: one entry per code, for docs/reference/survivors.md. */
export interface CheckMeaning {
  readonly title: string;
  /** What it means if it is not ok. */
  readonly failing: string;
  /** What mends it. */
  readonly endedBy: string;
  /** Whom that hits besides the instance. */
  readonly hits: string;
}

export const checkCatalogue = {
  "interface.sealed": {
    title: "An interface has no rule that a packet can match",
    failing: "The interface is open: the answer is `false`.",
    endedBy: "contain.security-groups, which plans again when a proof finds an interface open",
    hits: "nobody else",
  },
  "interface.managed": {
    title: "An interface that a service manages has no rule that a packet can match",
    failing: "Only the service may change its groups. What its rules allow is listed among the survivors.",
    endedBy: "contain.security-group-rules, contain.stop",
    hits: "every interface with the same groups; with contain.stop only the instance",
  },
  "interface.forensic": {
    title: "An interface lets in forensic workstations and nobody else",
    failing: "It is not the group that the level `forensic` asks for: the answer is `false`.",
    endedBy: "contain.security-groups",
    hits: "nobody else",
  },
  "cut.step": {
    title: "A step of the cut was verified",
    failing: "What the step was to cut may be open: the answer is `false`.",
    endedBy: "`cordon cases show CASE` names the reason; `cordon resume CASE` tries again",
    hits: "as the step's own page says",
  },
  "credentials.role": {
    title: "The sessions that the instance got from its role are denied",
    failing: "They still work, also outside the instance.",
    endedBy: "contain.role-sessions, or contain.role-wide-sessions if the policy has no room",
    hits: "with contain.role-wide-sessions everybody who uses the role, until they renew",
  },
  "credentials.agent": {
    title: "The agent of Systems Manager may no longer call AWS with the role",
    failing: "It may until the collection of evidence ends, and so may whoever has its credentials.",
    endedBy: "the end of the collection",
    hits: "nobody else",
  },
  "record.flow-log": {
    title: "Flow logs show nothing accepted after the cut",
    failing:
      "They show packets, or do not cover the time. It does not decide: what they show is listed among the survivors.",
    endedBy: "contain.network-acl, contain.stop",
    hits: "every machine of the subnet; with contain.stop only the instance",
  },
  "record.no-flow-log": {
    title: "An interface has a flow log that shows accepted packets",
    failing: "Nothing shows whether packets passed after the cut. It does not decide.",
    endedBy: "a flow log of the VPC with ALL or ACCEPT traffic, set up before there is a case",
    hits: "nobody",
  },
  "drill.bystander": {
    title: "A bystander of a drill keeps working",
    failing: "The cut hit somebody who was to be left alone. Only drills have this check.",
    endedBy: "`cordon release CASE`",
    hits: "nobody else",
  },
} as const satisfies Readonly<Record<string, CheckMeaning>>;

export type CheckCode = keyof typeof checkCatalogue;
