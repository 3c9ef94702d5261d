import { describe, expect, test } from "vitest";
import type { CaseState } from "../../src/core/case.ts";
import type { MustAsk } from "../../src/core/route.ts";
import { mayContainAlone } from "../../src/engine/ask.ts";
import { act, caseWith, cut, decided, planned, playbook, prove, seal1, started } from "./decided.ts";

const MINUTES = 60_000;
const hold: MustAsk = { reason: "account 111122223333 is exempt", unanswered: "hold" };
const own: MustAsk = { reason: "its tag env is exempt", unanswered: "playbook" };
const of = { of: "responders", within: "15m", on_timeout: "proceed" };

/** A case whose seal is planned. */
const sealed = (mustAsk: MustAsk | null, of: Partial<CaseState> = {}): CaseState =>
  Object.assign(caseWith([started("cut"), planned("cut", "contain.seal", seal1)]), { mustAsk, ...of });

/** The same once people were asked, and what is named after it. */
function asked(by: ReturnType<typeof playbook>, mustAsk: MustAsk, ...more: Parameters<typeof caseWith>[0]): CaseState {
  const [act] = decided(sealed(mustAsk), by).acts;
  if (act?.verb !== "note" || act.body.type !== "approval.asked") throw new TypeError("nobody was asked");
  return Object.assign(caseWith([started("cut"), planned("cut", "contain.seal", seal1), act.body, ...more]), {
    mustAsk,
  });
}

describe("where people must be asked", () => {
  const asking = playbook([{ ...cut, approval: of }, prove]);
  const silent = playbook([cut, prove], "suspected");

  test("a stage asks though the verdict would satisfy the playbook", () => {
    expect(decided(sealed(null), asking).said).toEqual(["run contain.seal/eni-1"]);
    expect(decided(sealed(hold), asking).said).toEqual(["approval.asked cut"]);
  });

  test("a stage asks also where the playbook foresees nobody", () => {
    expect(decided(sealed(null), silent).said).toEqual(["run contain.seal/eni-1"]);
    expect(decided(sealed(own), silent).said).toEqual(["approval.asked cut"]);
  });

  test("a person's own order asks nobody", () => {
    expect(decided(sealed(hold, { orderedBy: "ada" }), asking).said).toEqual(["run contain.seal/eni-1"]);
    expect(decided(sealed(hold, { orderedBy: "ada" }), silent).said).toEqual(["run contain.seal/eni-1"]);
  });

  test.each([
    [asking, hold, "hold"],
    [silent, hold, "hold"],
    [asking, own, "proceed"],
    [silent, own, "proceed"],
  ])("silence means what the reason says, whatever the playbook does (%#)", (by, mustAsk, consequence) => {
    const { acts } = decided(asked(by, mustAsk), by, 15 * MINUTES);
    expect(acts).toMatchObject([{ verb: "note", body: { type: "approval.expired", consequence } }]);
  });

  test("evidence goes on where it is not the playbook that asks", () => {
    const mixed = playbook([{ id: "cut", steps: ["preserve.picture", "contain.seal"] }], "suspected");
    expect(decided(Object.assign(caseWith([started("cut")]), { mustAsk: hold }), mixed).said).toEqual([
      "plan preserve.picture",
      "plan contain.seal",
    ]);
    const picture = {
      id: "preserve.picture/i-0a",
      step: "preserve.picture",
      resource: "i-0a",
      before: null,
      after: null,
    };
    const both = [
      started("cut"),
      planned("cut", "preserve.picture", { ...picture, collects: true }),
      planned("cut", "contain.seal", seal1),
    ];
    expect(decided(Object.assign(caseWith(both), { mustAsk: hold }), mixed).said).toEqual([
      "approval.asked cut",
      "run preserve.picture/i-0a",
    ]);
  });

  test("a stage that only proves asks nobody", () => {
    const state = Object.assign(caseWith([started("prove")]), { mustAsk: hold });
    expect(decided(state, playbook([prove], "suspected")).said).toEqual(["assess assess.proof"]);
  });
});

test("what waits goes on once nothing asks any more, and the approval is void", () => {
  const by = playbook([{ ...cut, approval: of }, prove]);
  const state = Object.assign(asked(by, hold), { mustAsk: null });
  expect(decided(state, by).said).toEqual(["approval.voided cut", "run contain.seal/eni-1"]);
  expect(decided(Object.assign(asked(by, hold, act(seal1.id)), { mustAsk: null }), by).said).toEqual([
    "approval.voided cut",
    "run contain.seal/eni-1",
  ]);
});

describe("whether an instance may be contained though no person says so", () => {
  const state = { verdict: "compromised", orderedBy: null, mustAsk: null } as const;
  test.each([
    ["nobody is asked", playbook([cut], "suspected"), {}, true],
    ["the verdict satisfies the playbook", playbook([{ ...cut, approval: of }]), {}, true],
    ["silence lets it go on", playbook([{ ...cut, approval: of }]), { verdict: "suspected" }, true],
    [
      "silence holds it",
      playbook([{ ...cut, approval: { ...of, on_timeout: "hold" } }]),
      { verdict: "suspected" },
      false,
    ],
    ["a reason holds it", playbook([cut], "suspected"), { mustAsk: hold }, false],
    ["a reason leaves it to the playbook", playbook([cut], "suspected"), { mustAsk: own }, true],
    ["nothing contains", playbook([prove], "suspected"), {}, false],
  ] as const)("%s", (_, by, of, expected) => {
    expect(mayContainAlone({ ...state, ...of }, by)).toBe(expected);
  });
});
