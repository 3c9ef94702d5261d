import type { NormalizedSchema } from "@smithy/core/schema";
import type { WireRequest } from "../request.ts";
import { requiredMembers } from "../schema.ts";
import type { Operation, Service } from "../services.ts";
import { matchPath, parseTemplate, type UriTemplate } from "./template.ts";

/** An operation that a request asks for, and what its path says. */
export interface Match {
  readonly operation: Operation;
  readonly labels: Readonly<Record<string, string>>;
  /** Parameters of the query that say which operation it is. */
  readonly literals: ReadonlySet<string>;
}

interface Route {
  readonly operation: Operation;
  readonly method: string;
  readonly template: UriTemplate;
  /** Names of parameters and headers without which the operation cannot be meant. */
  readonly neededQuery: readonly string[];
  readonly neededHeaders: readonly string[];
}

const routesOf = new WeakMap<Service, readonly Route[]>();

/**
 * The operation of a REST service that a request asks for; null when there is none.
 *
 * Several may share method and path: the one with the most of its parameters in the request is meant. An operation whose
 * required parameters are missing is meant only when no other is left, so that it can say what it misses.
 */
export function findOperation(service: Service, request: WireRequest): Match | null {
  let best: { readonly match: Match; readonly rank: number } | null = null;
  for (const route of allRoutes(service)) {
    if (route.method !== request.method) continue;
    const labels = matchPath(route.template, request.path);
    const rank = labels === null ? null : rankOf(route, request);
    if (labels === null || rank === null || (best !== null && best.rank >= rank)) continue;
    best = { match: { operation: route.operation, labels, literals: new Set(route.template.literals.keys()) }, rank };
  }
  return best?.match ?? null;
}

const IS_NAMED = 100_000;
const IS_COMPLETE = 1_000;
const LITERAL = 2_000;

function rankOf({ template, neededQuery, neededHeaders }: Route, { query, headers }: WireRequest): number | null {
  for (const [name, value] of template.literals) {
    if (!Object.hasOwn(query, name) || (value !== null && query[name] !== value)) return null;
  }
  const isNamed = template.xId !== null && query["x-id"] === template.xId;
  const isComplete =
    neededQuery.every((name) => Object.hasOwn(query, name)) &&
    neededHeaders.every((name) => Object.hasOwn(headers, name));
  const literals = LITERAL * template.literals.size;
  const labels = template.segments.filter(({ kind }) => kind === "text").length;
  const needed = isComplete ? IS_COMPLETE + neededQuery.length + neededHeaders.length : 0;
  return (isNamed ? IS_NAMED : 0) + literals + labels + needed;
}

function allRoutes(service: Service): readonly Route[] {
  const known = routesOf.get(service);
  if (known) return known;
  const routes = [...service.operations.values()].flatMap((operation) => {
    const { http, input } = operation;
    if (!http) return [];
    return [{ operation, method: http.method, template: parseTemplate(http.path), ...needed(input) }];
  });
  routesOf.set(service, routes);
  return routes;
}

function needed(input: NormalizedSchema): Pick<Route, "neededQuery" | "neededHeaders"> {
  const neededQuery: string[] = [];
  const neededHeaders: string[] = [];
  if (input.isUnitSchema()) return { neededQuery, neededHeaders };
  const required = requiredMembers(input);
  for (const [name, member] of input.structIterator()) {
    const { httpQuery, httpHeader } = member.getMergedTraits();
    if (!required.has(name)) continue;
    if (typeof httpQuery === "string") neededQuery.push(httpQuery);
    if (typeof httpHeader === "string") neededHeaders.push(httpHeader.toLowerCase());
  }
  return { neededQuery, neededHeaders };
}
