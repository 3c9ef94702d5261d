import { describe, expect, it } from "vitest";
import { ACTIONS } from "../iam/actions.ts";
import { services } from "../wire/services.ts";
import { HANDLERS } from "./catalogue.ts";

const named = (table: Readonly<Record<string, Readonly<Record<string, unknown>>>>): string[] =>
  Object.entries(table)
    .flatMap(([service, operations]) => Object.keys(operations).map((operation) => `${service}:${operation}`))
    .sort();

describe("the catalogue of operations", () => {
  it("has a row of IAM actions for every handler, and a handler for every row", () => {
    expect(named(HANDLERS)).toEqual(named(ACTIONS));
    expect(named(HANDLERS).length).toBeGreaterThan(55);
  });

  it("names only operations of AWS's own model", () => {
    const known = new Set(
      services.flatMap(({ name, operations }) => [...operations.keys()].map((operation) => `${name}:${operation}`)),
    );
    expect(named(HANDLERS).filter((name) => !known.has(name))).toEqual([]);
  });

  it("says for every row on which page AWS documents it", () => {
    const addresses = Object.values(ACTIONS).flatMap((rows) =>
      Object.values(rows).map(({ documentation }) => documentation),
    );
    expect(addresses.filter((address) => !address.startsWith("https://docs.aws.amazon.com/"))).toEqual([]);
  });
});
