import type { Finding, Judgement, Verdict } from "./finding.ts";
import { sha256 } from "./json.ts";
import type { Playbook } from "./playbook.ts";

/** Tags of an instance, as the finding has them. Whoever may write tags wrote them: they inform, and decide nothing alone. */
export type Tags = Readonly<Record<string, string>>;

/** What a route asks of a finding. All of it must hold; of a list, one. A condition that is not there holds. */
export interface Conditions {
  /** Patterns, in which `*` stands for any text. */
  readonly type?: readonly string[] | undefined;
  /** Both ends belong to it. */
  readonly severity?: { readonly min?: number | undefined; readonly max?: number | undefined } | undefined;
  readonly account?: readonly string[] | undefined;
  readonly region?: readonly string[] | undefined;
  readonly product?: readonly Finding["source"][] | undefined;
  readonly verdict?: readonly Verdict[] | undefined;
  /** Of the instance. Values are patterns. */
  readonly tags?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Who takes a finding over. */
export type HandOverTarget =
  | { readonly kind: "eventBus"; readonly arn: string }
  /** `secretFrom` names the variable of the environment that holds the key of the signature. */
  | { readonly kind: "webhook"; readonly url: string; readonly secretFrom: string }
  | { readonly kind: "stateMachine"; readonly arn: string };

/** Where a route leads. A playbook of null is the one that answers the finding. */
export type Destination =
  | { readonly kind: "playbook"; readonly playbook: string | null }
  | { readonly kind: "ask"; readonly playbook: string | null }
  | { readonly kind: "ignore" }
  | { readonly kind: "handOver"; readonly target: HandOverTarget };

export interface Route {
  readonly name: string | null;
  readonly when: Conditions;
  readonly to: Destination;
}

/** Where a finding goes, and why. */
export type Routing = Destination & { readonly why: string };

/**
 * That people must be asked although verdict and playbook would let Cordon act.
 *
 * `unanswered` says what silence means: `hold` waits for a person however long it takes; `playbook` leaves it to the
 * playbook's own deadline, so that whoever can write a tag cannot keep an instance from being contained for ever.
 */
export interface MustAsk {
  readonly reason: string;
  readonly unanswered: "hold" | "playbook";
}

/** What is to be done about a finding, for those of its instances that go the same way. */
export type Disposition = {
  readonly finding: Finding;
  readonly judgement: Judgement;
  readonly instances: readonly string[];
  readonly why: string;
} & (
  | {
      readonly kind: "case";
      readonly playbook: Playbook;
      /** By instance id; an instance that is not there may be acted on. */
      readonly mustAsk: Readonly<Record<string, MustAsk>>;
    }
  | { readonly kind: "ignore" }
  | { readonly kind: "handOver"; readonly target: HandOverTarget }
  /** Something must be done, and the finding does not say to which instance. */
  | { readonly kind: "unplaced" }
);

/** What is handed over. It says nothing that changes from one delivery of the same finding to the next. */
export interface HandedOver {
  readonly kind: "cordon.finding";
  readonly id: string;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly why: string;
  readonly instances: readonly string[];
  readonly finding: Finding;
}

/** Takes findings to those who take them over. Resolves to the receiver's word for what it took. */
export interface HandOver {
  send(target: HandOverTarget, document: HandedOver): Promise<string>;
}

/** The document of a finding that is handed over. The same finding, update and receiver give the same id. */
export function handedOver({ finding, judgement, instances, why }: Disposition, target: HandOverTarget): HandedOver {
  const { account, region, id, updatedAt } = finding;
  const receiver = target.kind === "webhook" ? target.url : target.arn;
  const key = JSON.stringify([account, region, id, updatedAt, receiver, instances]);
  return {
    kind: "cordon.finding",
    id: sha256(key).slice(0, 32),
    ...judgement,
    why,
    instances,
    finding,
  };
}
