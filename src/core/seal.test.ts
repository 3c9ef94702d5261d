import { describe, expect, it } from "vitest";
import { type CaseState, statusOf } from "./case.ts";
import type { Contained } from "./containment.ts";
import { provenAt, sealedAt, sealProgress } from "./seal.ts";

const proof = (asOf: number, contained: Contained, isSealed = true) => ({
  asOf,
  contained,
  checks: [{ kind: "sealed", ok: isSealed }],
});
const seal = (id: string, verifiedAt: number | null) => [
  id,
  { change: { step: "contain.security-groups" }, state: verifiedAt === null ? "applied" : "verified", verifiedAt },
];
const state = (assessments: readonly object[], changes: readonly unknown[] = [], more: object = {}): CaseState =>
  ({
    assessments,
    changes: new Map(changes as []),
    approvals: new Map(),
    release: null,
    settled: null,
    ...more,
  }) as never;

describe("the time of the seal", () => {
  it("is when the last interface was verified, and none while one is not", () => {
    expect(sealedAt(state([], [seal("a", 10), seal("b", 12)]))).toBe(12);
    expect(sealedAt(state([], [seal("a", 10), seal("b", null)]))).toBeNull();
    expect(sealProgress(state([], [seal("a", 10), seal("b", null)]))).toEqual({
      interfaces: 2,
      sealed: 1,
      sealedAt: null,
    });
  });

  it("ends with a proof that finds an interface open, and begins again with the next that does not", () => {
    const broken = [proof(20, true), proof(30, false, false)];
    expect(sealedAt(state(broken, [seal("a", 10)]))).toBeNull();
    expect(sealedAt(state([...broken, proof(40, "partial"), proof(50, true)], [seal("a", 10)]))).toBe(40);
    expect(sealedAt(state([proof(20, true)], [seal("a", 10)]))).toBe(10);
    expect(sealedAt(state([proof(20, true)], [seal("a", 10)], { release: { ended: null } }))).toBeNull();
  });
});

describe("the time of the proof", () => {
  it("is that of the first of the last proofs that say true", () => {
    expect(provenAt(state([proof(1, true), proof(2, "sealed"), proof(3, true), proof(4, true)]))).toBe(3);
    expect(provenAt(state([proof(1, true), proof(2, "partial")]))).toBeNull();
    expect(provenAt(state([]))).toBeNull();
  });
});

describe("the status of a case", () => {
  it("is its last proof's, both ways, whatever was settled, and while people are asked", () => {
    const settled = { settled: "contained" };
    expect(statusOf(state([proof(1, true)], [], settled))).toBe("contained");
    expect(statusOf(state([proof(1, true), proof(2, false, false)], [], settled))).toBe("failed");
    expect(statusOf(state([proof(1, true), proof(2, "partial")], [], settled))).toBe("partial");
    expect(statusOf(state([proof(1, "partial"), proof(2, "sealed")], [], { settled: "failed" }))).toBe("sealed");
    const asked = { approvals: new Map([["convert", { state: "pending" }]]) };
    expect(statusOf(state([proof(1, "sealed")], [], asked))).toBe("sealed");
    expect(statusOf(state([], [], asked))).toBe("waiting");
    expect(statusOf(state([]))).toBe("open");
  });
});
