import type { Finding } from "../core/finding.ts";
import type { Playbook } from "../core/playbook.ts";
import type { Destination, Disposition, MustAsk, Route, Routing, Tags } from "../core/route.ts";
import { hasTag, routeOf } from "./routes.ts";
import { judge } from "./triage.ts";

/** What is never contained without a person. */
export interface Exempt {
  readonly accounts: readonly string[];
  readonly instances: readonly string[];
  /** Turn acting into asking. Values are patterns. */
  readonly tags: Readonly<Record<string, readonly string[]>>;
}

/** What an operator has decided about findings before they come. */
export interface Policy {
  readonly routes: readonly Route[];
  readonly exempt: Exempt;
  /**
   * The playbook that a route names, or the one that answers the finding.
   *
   * @throws CordonError `playbook_not_found`
   */
  playbookFor(finding: Finding, routing: Extract<Destination, { kind: "playbook" | "ask" }>): Playbook;
}

/** Tags by instance id. */
export type InstanceTags = Readonly<Record<string, Tags>>;

/**
 * What is to be done about a finding: one disposition for its instances that go the same way, in the order in which the
 * finding names them. Pure, so that `cordon triage` says exactly what would happen.
 *
 * @throws CordonError `playbook_not_found`
 */
export function dispositionsOf(finding: Finding, tags: InstanceTags, policy: Policy): readonly Disposition[] {
  const judgement = judge(finding);
  const ways = new Map<string, { readonly routing: Routing; readonly instances: string[] }>();
  const instances = finding.instances.length === 0 ? [null] : finding.instances;
  for (const instance of instances) {
    const routing = routeOf(finding, judgement, policy.routes, tagsOf(tags, instance));
    const way = ways.get(routing.why) ?? { routing, instances: [] };
    ways.set(routing.why, way);
    if (instance !== null) way.instances.push(instance);
  }
  return [...ways.values()].map((way): Disposition => {
    const { routing } = way;
    const { why } = routing;
    const common = { finding, judgement, instances: way.instances, why };
    switch (routing.kind) {
      case "ignore":
        return { ...common, kind: "ignore" };
      case "handOver":
        return { ...common, kind: "handOver", target: routing.target };
      case "ask":
      case "playbook": {
        if (way.instances.length === 0) return { ...common, kind: "unplaced" };
        const playbook = policy.playbookFor(finding, routing);
        const mustAsk = mustAskOf({ finding, instances: way.instances, tags, routing }, policy.exempt);
        return { ...common, kind: "case", playbook, mustAsk };
      }
      default:
        return routing satisfies never;
    }
  });
}

interface Asked {
  readonly finding: Finding;
  readonly instances: readonly string[];
  readonly tags: InstanceTags;
  readonly routing: Routing;
}

function mustAskOf({ finding, instances, tags, routing }: Asked, exempt: Exempt): Readonly<Record<string, MustAsk>> {
  return Object.fromEntries(
    instances.flatMap((instance) => {
      const reason =
        exemption({ finding, instance, tags: tagsOf(tags, instance) }, exempt) ??
        (routing.kind === "ask" ? { reason: routing.why, unanswered: "playbook" as const } : null);
      return reason === null ? [] : [[instance, reason] as const];
    }),
  );
}

interface Candidate {
  readonly finding: Finding;
  readonly instance: string;
  readonly tags: Tags;
}

function exemption({ finding, instance, tags }: Candidate, exempt: Exempt): MustAsk | null {
  if (exempt.accounts.includes(finding.account))
    return { reason: `account ${finding.account} is exempt`, unanswered: "hold" };
  if (exempt.instances.includes(instance)) return { reason: `instance ${instance} is exempt`, unanswered: "hold" };
  const key = Object.entries(exempt.tags).find(([name, values]) => hasTag(tags, name, values))?.[0];
  return key === undefined ? null : { reason: `its tag ${key} is exempt`, unanswered: "playbook" };
}

function tagsOf(tags: InstanceTags, instance: string | null): Tags {
  return instance !== null && Object.hasOwn(tags, instance) ? (tags[instance] ?? {}) : {};
}
