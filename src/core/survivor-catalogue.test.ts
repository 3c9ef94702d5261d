import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkCatalogue } from "./check-catalogue.ts";
import { besideTrue, survivorCatalogue } from "./survivor-catalogue.ts";

const catalogues = ["survivor-catalogue.ts", "check-catalogue.ts"];

/** Every source file but tests and the catalogues themselves. */
const text = readdirSync(join(import.meta.dirname, ".."), { recursive: true, encoding: "utf8" })
  .filter(
    (path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !catalogues.some((name) => path.endsWith(name)),
  )
  .map((path) => readFileSync(join(import.meta.dirname, "..", path), "utf8"))
  .join("\n");

const codes = [...Object.keys(survivorCatalogue), ...Object.keys(checkCatalogue)];

describe("the catalogue of survivors and checks", () => {
  it("has an entry for every code that a survivor or check is given", () => {
    const used = [...text.matchAll(/\bcode: [^,;\n]*?"([a-z]+\.[a-z-]+)"/g)].map(([, code]) => code ?? "");
    expect(used.length).toBeGreaterThan(15);
    expect([...new Set(used)].filter((code) => !codes.includes(code))).toEqual([]);
  });

  it("has no entry that nothing uses", () => {
    expect(codes.filter((code) => !text.includes(`"${code}"`))).toEqual([]);
  });

  it("says of each what ends it and whom that affects", () => {
    const entries = [...Object.values(survivorCatalogue), ...Object.values(checkCatalogue)];
    expect(entries.filter(({ endedBy, hits }) => endedBy.length < 8 || hits.length < 6)).toEqual([]);
  });

  it("lets only stand beside true what nothing filters, ICMP, the examiners, what the deny came too late for", () => {
    const beside = Object.keys(survivorCatalogue).filter((code) => besideTrue(code as "flow.seen", "tcp"));
    expect(beside).toEqual([
      "service.resolver",
      "service.metadata",
      "service.time",
      "credentials.data-calls",
      "credentials.bought",
      "forensic.way-in",
    ]);
    expect(besideTrue("flow.tracked", "icmp")).toBe(true);
  });
});
