import { CordonError } from "../core/errors.ts";
import type { Finding, Judgement } from "../core/finding.ts";
import { matchesPattern } from "../core/pattern.ts";
import type { Conditions, Route, Routing, Tags } from "../core/route.ts";
import { triageTable } from "./triage-table.ts";

/**
 * Where a finding goes: the first route whose conditions hold decides.
 *
 * Samples and archived findings go nowhere, whatever the routes say. Without a route that matches, what triage calls
 * compromised or suspected goes to the playbook that answers it; a type that Cordon does not know asks in any case; the
 * rest is ignored.
 */
export function routeOf(finding: Finding, judgement: Judgement, routes: readonly Route[], tags: Tags): Routing {
  const { verdict, reason } = judgement;
  if (verdict === "sample" || verdict === "archived") return { kind: "ignore", why: reason };
  const index = routes.findIndex(({ when }) => matches(when, { finding, judgement, tags }));
  const route = routes[index];
  if (route)
    return { ...route.to, why: route.name === null ? `route ${index + 1}` : `route ${index + 1}, ${route.name}` };
  if (verdict !== "compromised" && verdict !== "suspected")
    return { kind: "ignore", why: `no route, and ${verdict} is nothing to contain` };
  if (isUnknown(finding)) return { kind: "ask", playbook: null, why: "no route, and an unknown type asks in any case" };
  return { kind: "playbook", playbook: null, why: "no route: the playbook that answers the type" };
}

function isUnknown({ source, type }: Finding): boolean {
  return source !== "manual" && !triageTable.has(type);
}

interface Seen {
  readonly finding: Finding;
  readonly judgement: Judgement;
  readonly tags: Tags;
}

function matches(when: Conditions, { finding, judgement, tags }: Seen): boolean {
  const { min = 0, max = 10 } = when.severity ?? {};
  return (
    holds(when.type, (pattern) => matchesPattern(pattern, finding.type)) &&
    finding.severity >= min &&
    finding.severity <= max &&
    holds(when.account, (account) => account === finding.account) &&
    holds(when.region, (region) => region === finding.region) &&
    holds(when.product, (product) => product === finding.source) &&
    holds(when.verdict, (verdict) => verdict === judgement.verdict) &&
    Object.entries(when.tags ?? {}).every(([key, values]) => hasTag(tags, key, values))
  );
}

function holds<Item>(items: readonly Item[] | undefined, isIt: (item: Item) => boolean): boolean {
  return items === undefined || items.some(isIt);
}

/** Whether an instance has a tag with one of these values, which are patterns. */
export function hasTag(tags: Tags, key: string, values: readonly string[]): boolean {
  const value = Object.hasOwn(tags, key) ? tags[key] : undefined;
  return value !== undefined && values.some((pattern) => matchesPattern(pattern, value));
}

/**
 * Refuses routes to playbooks that there are not: a mistake to find at load, and not on the night of a finding.
 *
 * @throws CordonError `config_invalid`
 */
export function assertPlaybooksKnown(
  routes: readonly Route[],
  { playbooks, file }: { readonly playbooks: readonly { readonly id: string }[]; readonly file: string },
): void {
  const ids = new Set(playbooks.map(({ id }) => id));
  const problems = routes.flatMap(({ to }, index) =>
    "playbook" in to && to.playbook !== null && !ids.has(to.playbook)
      ? [`routes.${index}.to.playbook: there is no playbook ${to.playbook}`]
      : [],
  );
  if (problems.length > 0) throw new CordonError("config_invalid", { file, problems: problems.join("; ") });
}
