import { describe, expect, it } from "vitest";
import type { Certainty, Check, Survivor } from "./containment.ts";
import { containment } from "./containment.ts";

const asOf = Date.UTC(2026, 0, 1, 12, 4, 7);

const check = (kind: Check["kind"], ok: boolean, what: string): Check => ({
  kind,
  code: "interface.sealed",
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
  blastRadius: "i-1, which loses its memory",
});

const sealed = check("sealed", true, "eni-1 is sealed");
const resolver = { ...survivor("resolver", "unfiltered", "resolver"), code: "service.resolver" as const };

describe("containment", () => {
  it("is false when nothing was verified sealed, whatever else is well", () => {
    expect(containment([check("cut", true, "NACL")], [], asOf)).toEqual({
      contained: false,
      because: null,
      dueAt: null,
      statement: "Not contained as of 12:04:07Z: no interface was verified sealed.",
    });
  });

  it("is false and says which interface is open when one of two is not sealed", () => {
    const open = { ...check("sealed", false, "eni-2 is sealed"), otherwise: "eni-2 is open (its groups are sg-9)" };
    expect(containment([sealed, open], [], asOf)).toEqual({
      contained: false,
      because: null,
      dueAt: null,
      statement: "Not contained as of 12:04:07Z: eni-2 is open (its groups are sg-9).",
    });
  });

  it("is false when a step of the cut failed", () => {
    expect(containment([sealed, check("cut", false, "contain.remote-addresses")], [], asOf).contained).toBe(false);
  });

  it("is partial when a flow of any protocol cannot be excluded, and names it with what helps", () => {
    expect(containment([sealed], [survivor("tcp", "possible", "TCP to 0.0.0.0/0")], asOf)).toEqual({
      contained: "partial",
      because: "unproven",
      dueAt: null,
      statement:
        "Contained in part as of 12:04:07Z. Unproven: TCP to 0.0.0.0/0. " +
        "What helps: contain.stop; it affects i-1, which loses its memory. 1 interface sealed.",
    });
    for (const kind of ["udp", "icmp", "other", "credentials", "resolver", "time"] as const)
      expect(containment([sealed], [survivor(kind, "possible", kind)], asOf)).toMatchObject({
        contained: "partial",
        because: "unproven",
      });
  });

  it("is partial when credentials still work, and says it once", () => {
    const live = check("credentials", false, "credentials of web");
    const noRoom = {
      ...survivor("credentials", "possible", "credentials of web"),
      code: "credentials.no-room" as const,
    };
    expect(containment([sealed, live], [noRoom], asOf)).toMatchObject({
      contained: "partial",
      because: "open",
      statement: "Contained in part as of 12:04:07Z. Open: credentials of web. 1 interface sealed.",
    });
  });

  it("is partial because of what is open when a finding indicates a path that nothing filters", () => {
    const indicated = survivor("resolver", "indicated", "resolver");
    expect(containment([sealed], [indicated, survivor("tcp", "possible", "TCP")], asOf)).toMatchObject({
      contained: "partial",
      because: "open",
    });
  });

  it("is true with what nothing filters in the same sentence, each once", () => {
    const icmp = survivor("icmp", "unfiltered", "ICMP from 10.20.0.0/16");
    expect(containment([sealed, check("credentials", true, "sessions of web")], [icmp, icmp, resolver], asOf)).toEqual({
      contained: true,
      because: null,
      dueAt: null,
      statement: "Contained as of 12:04:07Z. 1 interface sealed. Not filtered: ICMP from 10.20.0.0/16, resolver.",
    });
  });

  it("takes nothing else for unfiltered than what may stand beside true", () => {
    expect(containment([sealed], [survivor("tcp", "unfiltered", "TCP")], asOf).contained).toBe("partial");
    const chained = { ...survivor("credentials", "unfiltered", "chains"), code: "credentials.chained" as const };
    expect(containment([sealed], [chained], asOf).contained).toBe("partial");
  });

  it("is not moved by a check that only informs", () => {
    expect(containment([sealed, check("information", false, "a service-managed interface")], [], asOf)).toEqual({
      contained: true,
      because: null,
      dueAt: null,
      statement: "Contained as of 12:04:07Z. 1 interface sealed.",
    });
  });

  it("is sealed while all that is missing is due within the hour, and says when and what", () => {
    const late = { ...survivor("tcp", "due", "TCP"), dueAt: asOf + 900_000, awaits: "rules since 20 Nov" };
    const ledger = {
      closed: [],
      horizons: [{ source: "CloudTrail eu-central-1 of 1", until: asOf, dueAt: asOf + 900_000, gap: null }],
    };
    expect(containment([sealed], [late, resolver], asOf, ledger)).toEqual({
      contained: "sealed",
      because: null,
      dueAt: asOf + 900_000,
      statement:
        "Cut off as of 12:04:07Z; proof due about 12:20Z (CloudTrail: rules since 20 Nov). " +
        "1 interface sealed. Not filtered: resolver.",
    });
    expect(containment([sealed], [{ ...late, dueAt: asOf + 3_600_001 }], asOf).contained).toBe("partial");
    expect(containment([sealed], [late, survivor("tcp", "possible", "TCP")], asOf).contained).toBe("partial");
    expect(containment([sealed], [survivor("tcp", "due", "TCP")], asOf).contained).toBe("partial");
  });
});

describe("the statement", () => {
  it("says what is open, then unproven, then due, then what helps and whom it affects", () => {
    const due = { ...survivor("udp", "due", "UDP"), dueAt: asOf + 60_000 };
    const open = { ...survivor("tcp", "indicated", "TCP with 203.0.113.24"), lever: "contain.network-acl" };
    expect(containment([sealed], [survivor("icmp", "possible", "ICMP"), due, open], asOf).statement).toBe(
      "Contained in part as of 12:04:07Z. Open: TCP with 203.0.113.24. Unproven: ICMP. Due about 12:06Z (UDP). " +
        "What helps: contain.network-acl; it affects i-1, which loses its memory. 1 interface sealed.",
    );
  });

  it("names addresses that an ACL denies both ways", () => {
    const scope = {
      kind: "flow",
      interface: "eni-1",
      protocol: "tcp",
      peers: ["203.0.113.24/32", "10.0.0.0/8"],
    } as const;
    const way = { way: "w", scope, what: "w", from: null, until: asOf, voidWhen: "an entry changes", pages: [] };
    const closed = [
      { ...way, ground: "acl-denies" as const },
      { ...way, ground: "no-path" as const, scope: { ...scope, peers: ["198.51.100.1/32"] } },
    ];
    expect(containment([sealed], [], asOf, { closed, horizons: [] }).statement).toBe(
      "Contained as of 12:04:07Z. 1 interface sealed, 203.0.113.24 denied both ways.",
    );
  });

  it("stays within 300 characters, and counts what it has no room to name", () => {
    const many = Array.from({ length: 40 }, (_, index) =>
      survivor(
        "tcp",
        index < 20 ? "indicated" : "possible",
        `TCP with 2001:db8:85a3::8a2e:370:${7000 + index} port 44${index}`,
      ),
    );
    const { statement } = containment([sealed], many, asOf);
    expect(statement).toBe(
      "Contained in part as of 12:04:07Z. Open: TCP with 2001:db8:85a3::8a2e:370:7000 port 440 and 19 more. " +
        "Unproven: TCP with 2001:db8:85a3::8a2e:370:7020 port 4420 and 19 more. " +
        "What helps: contain.stop; it affects i-1, which loses its memory. 1 interface sealed.",
    );
    const long = many.map((each) => ({ ...each, what: `${each.what} ${"x".repeat(200)}` }));
    expect(containment([sealed], long, asOf).statement).toBe(
      "Contained in part as of 12:04:07Z. Open: TCP (20 ways). Unproven: TCP (20 ways). " +
        "What helps: contain.stop; it affects i-1, which loses its memory. 1 interface sealed.",
    );
    const endless = long.map((each) => ({ ...each, blastRadius: "y".repeat(500) }));
    expect(containment([sealed], endless, asOf).statement.length).toBe(300);
  });
});
