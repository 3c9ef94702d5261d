import { describe, expect, it } from "vitest";
import type { CaseState } from "../../core/case.ts";
import type { Survivor } from "../../core/containment.ts";
import { readPlaybook } from "../../playbooks/read.ts";
import { steps } from "../../steps/index.ts";
import { isPartialAvoidably } from "./observation.ts";
import { deductions, type Scored } from "./score.ts";

const playbook = readPlaybook(
  `
id: own
title: Own
stages:
  - { id: cut, steps: [contain.security-groups, contain.remote-addresses] }
  - { id: prove, steps: [assess.containment] }
  - { id: convert, approval: { of: responders, required: 1, always: true, within: 30m, on_timeout: hold }, steps: [contain.tracked-connections] }
`,
  { file: "own.yaml", steps },
);

const left = (lever: string, certainty: Survivor["certainty"] = "possible"): Survivor => ({
  code: "flow.tracked",
  what: "TCP",
  kind: "tcp",
  certainty,
  why: "w",
  lever,
  blastRadius: "b",
});

const state = (...survivors: Survivor[]): CaseState =>
  ({ playbook: "own", assessments: [{ checks: [], survivors, asOf: 0 }] }) as unknown as CaseState;

describe("a partial answer", () => {
  it("is avoidable if a step that the playbook takes without asking would have closed a way", () => {
    expect(isPartialAvoidably(state(left("contain.remote-addresses")), [playbook])).toBe(true);
    expect(isPartialAvoidably(state(left("contain.stop"), left("contain.remote-addresses")), [playbook])).toBe(true);
  });

  it("is not avoidable if only people or no step of the playbook would have closed it", () => {
    expect(isPartialAvoidably(state(left("contain.tracked-connections")), [playbook])).toBe(false);
    expect(isPartialAvoidably(state(left("contain.network-acl, or contain.stop")), [playbook])).toBe(false);
  });

  it("costs points only if it was avoidable", () => {
    const drill = {
      case: "case-1",
      contained: "partial",
      attackers: [],
      roundTripsToIsolation: 2,
      released: null,
      journal: { verified: true },
      isBreached: false,
      isTerminated: false,
      lostEvidence: 0,
    } as unknown as Scored;
    expect(deductions({ ...drill, isPartialAvoidably: false })).toEqual([]);
    expect(deductions({ ...drill, isPartialAvoidably: true })).toEqual([
      {
        points: 15,
        why: "contained only in part, though a step that the playbook takes without asking would have closed a way",
      },
    ]);
    expect(deductions({ ...drill, isBreached: true, isPartialAvoidably: false })).toEqual([
      { points: 100, why: "an attacker got through after contained: true" },
    ]);
  });
});
