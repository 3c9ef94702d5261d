import type { Aggregate, Command, Expression, GroupKey, Sign } from "./insights-grammar.ts";

/** What a query sees of one event of a log group: its fields by name. Absent fields are left out. */
export type Fields = Readonly<Record<string, string>>;

/** A query gives at most so many results. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
export const MOST_RESULTS = 10_000;

export interface QueryOutcome {
  readonly rows: readonly Fields[];
  /** How many events passed the filters. */
  readonly matched: number;
}

/** Runs a query over events. Without `sort`, rows that are events come newest first. */
export function runQuery(commands: readonly Command[], events: readonly Fields[], limit: number): QueryOutcome {
  let rows: readonly Fields[] = events;
  let shown: readonly { readonly name: string; readonly as: string }[] = [
    { name: "@timestamp", as: "@timestamp" },
    { name: "@message", as: "@message" },
  ];
  let [matched, count, isSorted, isGrouped, hasFields] = [events.length, limit, false, false, false];
  for (const command of commands) {
    switch (command.kind) {
      case "fields":
      case "display":
        shown = hasFields && command.kind === "fields" ? [...shown, ...command.names] : command.names;
        hasFields = true;
        rows = rows.map((row) => withAliases(row, command.names));
        break;
      case "filter":
        rows = rows.filter((row) => holds(command.condition, row));
        if (!isGrouped) matched = rows.length;
        break;
      case "parse":
        rows = rows.map((row) => parsed(row, command));
        break;
      case "stats":
        rows = grouped(rows, command.aggregates, command.by);
        shown = [...command.by, ...command.aggregates].map(({ as }) => ({ name: as, as }));
        [isGrouped, isSorted] = [true, true];
        break;
      case "sort":
        rows = rows.toSorted((one, other) => order(one, other, command.keys));
        isSorted = true;
        break;
      case "limit":
        count = command.count;
        break;
    }
  }
  const ordered = isSorted ? rows : rows.toSorted((one, other) => order(one, other, NEWEST_FIRST));
  return {
    rows: ordered.slice(0, Math.min(count, MOST_RESULTS)).map((row) => shownOf(row, shown, isGrouped)),
    matched,
  };
}

const NEWEST_FIRST = [{ name: "@timestamp", descends: true }] as const;

function withAliases(row: Fields, names: readonly { readonly name: string; readonly as: string }[]): Fields {
  const renamed = names.filter(({ name, as }) => name !== as && row[name] !== undefined);
  return renamed.length === 0
    ? row
    : { ...row, ...Object.fromEntries(renamed.map(({ name, as }) => [as, row[name] ?? ""])) };
}

function shownOf(row: Fields, shown: readonly { readonly as: string }[], isGrouped: boolean): Fields {
  const names = [...new Set(shown.map(({ as }) => as)), ...(isGrouped ? [] : ["@ptr"])];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = row[name];
      if (value === undefined) return [];
      return [[name, name.startsWith("@timestamp") || name === "@ingestionTime" ? timeText(value) : value]];
    }),
  );
}

/** Times of events stand as text in results. */
function timeText(milliseconds: string): string {
  return new Date(Number(milliseconds)).toISOString().replace("T", " ").replace("Z", "");
}

function parsed(row: Fields, { field, pattern, names }: Extract<Command, { kind: "parse" }>): Fields {
  const found = pattern.exec(row[field] ?? "");
  if (!found) return row;
  const values = names.map((name, index): [string, string] => [name, found.groups?.[name] ?? found[index + 1] ?? ""]);
  return { ...row, ...Object.fromEntries(values) };
}

function valueOf(expression: Expression, row: Fields): string | undefined {
  if (expression.kind === "value") return expression.value;
  return expression.kind === "field" ? row[expression.name] : undefined;
}

function holds(expression: Expression, row: Fields): boolean {
  switch (expression.kind) {
    case "both":
      return holds(expression.left, row) && holds(expression.right, row);
    case "either":
      return holds(expression.left, row) || holds(expression.right, row);
    case "not":
      return !holds(expression.inner, row);
    case "present":
      return row[expression.name] !== undefined;
    case "in": {
      const value = valueOf(expression.left, row);
      return value !== undefined && expression.values.some((each) => compare("=", value, valueOf(each, row)));
    }
    case "like": {
      const value = valueOf(expression.left, row);
      if (value === undefined) return false;
      const { pattern } = expression;
      return typeof pattern === "string" ? value.includes(pattern) : pattern.test(value);
    }
    case "compare":
      return compare(expression.sign, valueOf(expression.left, row), valueOf(expression.right, row));
    case "field":
    case "value":
      return false;
  }
}

/** An absent field equals nothing and differs from everything. */
function compare(sign: Sign, left: string | undefined, right: string | undefined): boolean {
  if (left === undefined || right === undefined) return sign === "!=";
  const ordered = compareValues(left, right);
  switch (sign) {
    case "=":
      return ordered === 0;
    case "!=":
      return ordered !== 0;
    case "<":
      return ordered < 0;
    case "<=":
      return ordered <= 0;
    case ">":
      return ordered > 0;
    case ">=":
      return ordered >= 0;
  }
}

const NUMBER = /^-?\d+(?:\.\d+)?$/;

function compareValues(left: string, right: string): number {
  if (NUMBER.test(left) && NUMBER.test(right)) return Number(left) - Number(right);
  return left < right ? -1 : left > right ? 1 : 0;
}

function order(
  one: Fields,
  other: Fields,
  keys: readonly { readonly name: string; readonly descends: boolean }[],
): number {
  for (const { name, descends } of keys) {
    const compared = compareValues(one[name] ?? "", other[name] ?? "");
    if (compared !== 0) return descends ? -compared : compared;
  }
  return 0;
}

function grouped(
  rows: readonly Fields[],
  aggregates: readonly Aggregate[],
  by: readonly GroupKey[],
): readonly Fields[] {
  const groups = new Map<string, { readonly key: Fields; readonly rows: Fields[] }>();
  for (const row of rows) {
    const key = Object.fromEntries(
      by.flatMap(({ name, as, binMs }) => {
        const value = row[name];
        if (value === undefined) return [];
        return [[as, binMs === null ? value : timeText(String(Math.floor(Number(value) / binMs) * binMs))]];
      }),
    );
    const text = JSON.stringify(key);
    const known = groups.get(text);
    if (known) known.rows.push(row);
    else groups.set(text, { key, rows: [row] });
  }
  if (by.length === 0 && groups.size === 0) groups.set("", { key: {}, rows: [] });
  return [...groups.values()].map(({ key, rows: members }) => ({
    ...key,
    ...Object.fromEntries(aggregates.flatMap((each) => aggregated(each, members))),
  }));
}

function aggregated({ by, field, as }: Aggregate, rows: readonly Fields[]): readonly (readonly [string, string])[] {
  if (by === "count") {
    const counted = field === null ? rows : rows.filter((row) => row[field] !== undefined);
    return [[as, String(counted.length)]];
  }
  const values = rows.flatMap((row) => row[field ?? ""] ?? []).filter((value) => NUMBER.test(value));
  if (values.length === 0) return [];
  const numbers = values.map(Number);
  if (by === "sum") return [[as, String(numbers.reduce((sum, each) => sum + each, 0))]];
  const best = numbers.reduce((most, each) => (by === "min" ? Math.min(most, each) : Math.max(most, each)));
  return [[as, String(best)]];
}
