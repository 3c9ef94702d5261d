import { describe, expect, it } from "vitest";
import type { Certainty, Check, Survivor } from "./containment.ts";
import { containment } from "./containment.ts";

const asOf = Date.UTC(2026, 0, 1, 12, 4, 7);

const check = (kind: Check["kind"], ok: boolean, what: string): Check => ({
  kind,
  what,
  ok,
  expected: "yes",
  observed: ok ? "yes" : "no",
});

const survivor = (kind: Survivor["kind"], certainty: Certainty, what: string): Survivor => ({
  code: "flow.tracked",
  what,
  kind,
  certainty,
  why: "it was allowed before",
  lever: "contain.stop",
  blastRadius: "nobody else",
});

const sealed = check("sealed", true, "eni-1 is sealed");

describe("containment", () => {
  it("is false when nothing was verified sealed, whatever else is well", () => {
    expect(containment([check("cut", true, "NACL")], [], asOf)).toEqual({
      contained: false,
      because: null,
      dueAt: null,
      statement: "not contained as of 12:04:07Z: no interface was verified sealed",
    });
  });

  it("is false and names the interface when one of two is not sealed", () => {
    expect(containment([sealed, check("sealed", false, "eni-2 is sealed")], [], asOf)).toEqual({
      contained: false,
      because: null,
      dueAt: null,
      statement: "not contained as of 12:04:07Z: eni-2 is sealed",
    });
  });

  it("is false when a step of the cut failed", () => {
    expect(containment([sealed, check("cut", false, "contain.remote-addresses")], [], asOf).contained).toBe(false);
  });

  it("is partial when a flow over TCP or UDP is possible, and names it", () => {
    expect(containment([sealed], [survivor("tcp", "possible", "TCP to 0.0.0.0/0")], asOf)).toEqual({
      contained: "partial",
      because: "unproven",
      dueAt: null,
      statement: "contained in part as of 12:04:07Z; still possible: TCP to 0.0.0.0/0",
    });
    expect(containment([sealed], [survivor("udp", "possible", "UDP")], asOf).contained).toBe("partial");
  });

  it("is partial when credentials still work", () => {
    expect(containment([sealed, check("credentials", false, "sessions of web")], [], asOf)).toEqual({
      contained: "partial",
      because: "open",
      dueAt: null,
      statement: "contained in part as of 12:04:07Z; still possible: sessions of web",
    });
    expect(containment([sealed], [survivor("credentials", "possible", "pod role")], asOf).contained).toBe("partial");
  });

  it("is partial when a finding indicates a path that nothing filters", () => {
    expect(containment([sealed], [survivor("resolver", "indicated", "resolver")], asOf).contained).toBe("partial");
  });

  it("is true with what is not excluded in the same sentence, each once", () => {
    const rest = [
      survivor("icmp", "possible", "ICMP"),
      survivor("icmp", "possible", "ICMP"),
      survivor("resolver", "unfiltered", "resolver"),
    ];
    expect(containment([sealed, check("credentials", true, "sessions of web")], rest, asOf)).toEqual({
      contained: true,
      because: null,
      dueAt: null,
      statement: "contained as of 12:04:07Z; not excluded: ICMP, resolver",
    });
  });

  it("is not moved by a check that only informs", () => {
    expect(containment([sealed, check("information", false, "a service-managed interface")], [], asOf)).toEqual({
      contained: true,
      because: null,
      dueAt: null,
      statement: "contained as of 12:04:07Z",
    });
  });

  it("is sealed while all that is missing is due within the hour, and says when", () => {
    const late = { ...survivor("tcp", "due", "TCP"), dueAt: asOf + 900_000 };
    expect(containment([sealed], [late], asOf)).toEqual({
      contained: "sealed",
      because: null,
      dueAt: asOf + 900_000,
      statement: "sealed as of 12:04:07Z; proof due 12:19:07Z",
    });
    expect(containment([sealed], [{ ...late, dueAt: asOf + 3_600_001 }], asOf).contained).toBe("partial");
    expect(containment([sealed], [late, survivor("tcp", "possible", "TCP")], asOf).contained).toBe("partial");
    expect(containment([sealed], [survivor("tcp", "due", "TCP")], asOf).contained).toBe("partial");
  });
});
