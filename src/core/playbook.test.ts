import { expect, test } from "vitest";
import { durationMs, playbookFile, playbookOf } from "./playbook.ts";

test.each([
  ["90s", 90_000],
  ["15m", 900_000],
  ["2h", 7_200_000],
  ["30d", 2_592_000_000],
  ["31d", null],
  ["0m", null],
  ["15", null],
  ["15 m", null],
  ["1.5h", null],
])("the duration %s is read as %s milliseconds", (text, expected) => {
  expect(durationMs(text)).toBe(expected);
});

test("a file that says only what it must gets the careful defaults", () => {
  const file = playbookFile.parse({
    id: "cut",
    title: "Cut",
    stages: [{ id: "cut", steps: ["contain.security-groups"] }],
  });
  expect(playbookOf(file)).toEqual({
    id: "cut",
    title: "Cut",
    answers: [],
    autonomy: "ask",
    stages: [
      {
        id: "cut",
        alongside: false,
        needs: [],
        onFailure: "stop",
        around: null,
        after: null,
        within: null,
        approval: null,
        milestone: null,
        responsible: null,
        steps: [{ use: "contain.security-groups", with: {} }],
      },
    ],
  });
});

test("an approval holds when nobody decides, unless the file says otherwise", () => {
  const stage = {
    id: "cut",
    steps: [{ use: "contain.security-groups", with: { level: "sealed" } }],
    approval: { of: "responders", within: "15m" },
  };
  const playbook = playbookOf(playbookFile.parse({ id: "cut", title: "Cut", stages: [stage] }));
  expect(playbook.stages[0]?.approval).toEqual({
    of: "responders",
    required: 1,
    within: 900_000,
    onTimeout: "hold",
    always: false,
  });
  expect(playbook.stages[0]?.steps).toEqual([{ use: "contain.security-groups", with: { level: "sealed" } }]);
});
