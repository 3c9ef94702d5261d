import { expect, test } from "vitest";
import { changeId, sameSet } from "./change.ts";

test("a change's id names step, resource and attribute, and nothing that differs between two plans", () => {
  expect(changeId("contain.security-groups", { resource: "eni-1", attribute: "groups" })).toBe(
    "contain.security-groups/eni-1/groups",
  );
  expect(changeId("contain.ssm-sessions", { resource: "session-1" })).toBe("contain.ssm-sessions/session-1");
});

test.each<[readonly string[], readonly string[], boolean]>([
  [[], [], true],
  [["a", "b"], ["b", "a"], true],
  [["a", "a"], ["a"], true],
  [["a"], ["a", "b"], false],
  [["a", "b"], ["a"], false],
  [["a"], ["b"], false],
])("%j and %j hold the same members: %s", (left, right, same) => {
  expect(sameSet(left, right)).toBe(same);
});
