import type { Filter } from "@aws-sdk/client-ec2";
import { matchesPattern } from "../../iam/patterns.ts";
import type { Resource } from "../../world/model.ts";
import type { Context } from "../handler.ts";
import { page } from "../pages.ts";
import { ec2Error, notFound, type Kind } from "./errors.ts";

type Value = string | number | boolean | null | undefined;

/** What each filter of an operation looks at; several values match when one of them does. */
export type Filters<T> = Readonly<Record<string, (resource: T) => Value | readonly Value[]>>;

export interface SelectionInput {
  readonly Filters?: Filter[] | undefined;
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

export interface Selection<T> {
  readonly kind: Kind;
  readonly table: Map<string, T>;
  readonly ids: readonly string[] | undefined;
  readonly filters: Filters<T>;
  /** Keeps what belongs to this operation, for tables that hold more. */
  readonly where?: (resource: T) => boolean;
  readonly range?: readonly [minimum: number, maximum: number];
}

/**
 * What a Describe call answers with: by ids, by filters, a page at a time, as stale as reads are.
 *
 * Ids that name nothing are an error; filters that match nothing are not. Filters are joined by AND, their values by
 * OR; `*` and `?` are wildcards and case matters: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
 */
export function select<T extends Resource>(
  context: Context,
  input: SelectionInput,
  selection: Selection<T>,
): { readonly items: T[]; readonly token: string | undefined } {
  const { kind, table, ids, filters, where } = selection;
  if (ids && ids.length > 0 && input.MaxResults !== undefined) {
    throw ec2Error(
      "InvalidParameterCombination",
      "The parameter maxResults cannot be used with the parameter ids in the same request.",
    );
  }
  const shown = context.world.list(table).filter((resource) => where?.(resource) ?? true);
  for (const id of ids ?? []) if (!shown.some((resource) => resource.id === id)) throw notFound(kind, id);
  const named = ids && ids.length > 0 ? shown.filter(({ id }) => ids.includes(id)) : shown;
  return paged(context, filterBy(named, input.Filters, filters), {
    input,
    ...(selection.range ? { range: selection.range } : {}),
  });
}

export function paged<T>(
  context: Context,
  items: readonly T[],
  { input, range }: { readonly input: SelectionInput; readonly range?: readonly [number, number] },
): { readonly items: T[]; readonly token: string | undefined } {
  return page(items, {
    operation: context.call.operation,
    limit: input.MaxResults,
    token: input.NextToken,
    pageSize: context.pageSize,
    isEndless: context.isEndless,
    range: range ?? [5, 1000],
  });
}

/** Filters a list. A filter that the operation does not have is refused, so that nobody gets everything by a typing error. */
export function filterBy<T extends { readonly tags: readonly { readonly key: string; readonly value: string }[] }>(
  items: readonly T[],
  given: readonly Filter[] | undefined,
  filters: Filters<T>,
): T[] {
  return (given ?? []).reduce<T[]>(
    (left, { Name: name = "", Values: values = [] }) => {
      const look = filters[name] ?? tagFilter(name);
      if (!look) throw ec2Error("InvalidParameterValue", `The filter '${name}' is invalid`);
      return left.filter((item) =>
        [look(item)]
          .flat()
          .some(
            (found) =>
              found !== null && found !== undefined && values.some((value) => matchesPattern(value, String(found))),
          ),
      );
    },
    [...items],
  );
}

function tagFilter(
  name: string,
): ((resource: { readonly tags: readonly { readonly key: string; readonly value: string }[] }) => string[]) | null {
  if (name === "tag-key") return ({ tags }) => tags.map(({ key }) => key);
  if (!name.startsWith("tag:")) return null;
  const wanted = name.slice("tag:".length);
  return ({ tags }) => tags.filter(({ key }) => key === wanted).map(({ value }) => value);
}
