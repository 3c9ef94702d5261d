import type { Attacker } from "../attackers/attacker.ts";
import type { CallAws } from "../attackers/aws-caller.ts";
import type { Authorize } from "../attackers/credential-user.ts";
import type { Instance } from "../world/model.ts";
import type { Network } from "../world/network/network.ts";
import type { Random } from "../world/random.ts";
import type { Place } from "../world/world.ts";

/** A way to make a scenario harder, chosen by option. */
export type Variant =
  | "account-administrator"
  | "branch-interface"
  | "dead-man-switch"
  | "dormant-flow"
  | "elastic-address"
  | "flow-logs"
  | "interface-attached-during-approval"
  | "lateral-flow"
  | "nacl-rules-start-at-1"
  | "neighbour"
  | "no-prepared-groups"
  | "on-call-operator"
  | "role-without-room"
  | "service-interface-beacon"
  | "service-managed-interface"
  | "ssm-agent"
  | "ssm-session"
  | "stolen-key-pair"
  | "two-vpcs"
  | "unnamed-controller";

/** The instance a drill is about. */
export interface ScenarioTarget {
  readonly account: string;
  readonly region: string;
  readonly instanceId: string;
}

/** What a scenario is, before a seed gives its resources their ids. */
export interface ScenarioSummary {
  readonly id: string;
  readonly title: string;
  /** What has happened, in the words of the person who would tell it. */
  readonly description: string;
  /** Names of the attackers, and of the bystanders that must keep working. */
  readonly attackers: readonly string[];
  readonly expected: string;
  /** Ids of stages that ask in any case, and that a drill of this scenario should approve to reach its best end. */
  readonly suggestedApprovals: readonly string[];
  readonly variants: readonly Variant[];
}

/** What makes an account hard to work in, whoever is in it. */
export interface Conditions {
  /** Calls per second that somebody else makes of each of EC2's APIs that a cut needs; their buckets are empty at the beginning. */
  readonly foreignCallsPerSecond: number;
  /** Describe calls may show a changed resource as it was for at most this long. */
  readonly staleMs: number;
}

/** A scenario in one range: with its targets. */
export interface Scenario extends ScenarioSummary {
  readonly conditions: Conditions | null;
  readonly targets: readonly ScenarioTarget[];
}

/** What a stage is built with. */
export interface StageTools {
  readonly place: Place;
  readonly network: Network;
  readonly authorize: Authorize;
  readonly call: CallAws;
  /** Chance of the scenario's own actors, apart from the world's: a call of Cordon's never changes what they do. */
  readonly randomFor: (name: string) => Random;
  readonly variants: ReadonlySet<Variant>;
  readonly interfaceAttachedAfterMs: number;
}

/** A staged scenario: the account is built, and those who live in it are ready. */
export interface Stage {
  readonly targets: readonly Instance[];
  readonly attackers: readonly Attacker[];
  /** Findings in the EventBridge shape; none when a person starts by hand. */
  readonly events: readonly unknown[];
}

/** A scenario's definition: its summary, and how it is staged. */
export interface ScenarioDefinition extends ScenarioSummary {
  readonly conditions?: Conditions;
  stage(tools: StageTools): Stage;
}

/** The account and Region in which every scenario plays. */
export const TARGET_ACCOUNT = "111122223333";
export const TARGET_REGION = "eu-central-1";

/** Addresses of the scenarios' outside world: documentation ranges of RFC 5737, which nobody can own. */
export const OUTSIDE = {
  /** The vendor whose server was hijacked: command and control hides behind an address that is allowed. */
  hijackedVendor: "203.0.113.24",
  miningPool: "198.51.100.77",
  thief: "198.51.100.23",
  unknownController: "203.0.113.99",
  unnamedController: "198.51.100.140",
  intruder: "198.51.100.8",
  prober: "198.51.100.201",
  /** An honest partner that a bystander talks to. */
  partner: "192.0.2.80",
} as const;
