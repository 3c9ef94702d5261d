import { expect, test } from "vitest";
import { Output } from "../../src/cli/output.ts";
import { StepList } from "../../src/cli/render/step-list.ts";
import type { Happening, JournalEvent } from "../../src/core/journal.ts";

const happened = (body: Happening): JournalEvent => ({
  actor: { kind: "cordon", id: "cordon", channel: "engine" },
  body,
  case: "case-1",
  sequence: 1,
  time: "2026-01-15T12:00:00.000Z",
  previous: "",
  hash: "",
});
const seal = (id: string) => ({ id, step: "contain.security-groups", resource: id, before: [], after: [] });
const planned: Happening = {
  type: "step.planned",
  stage: "cut",
  step: "contain.security-groups",
  changes: [seal("eni-1"), seal("eni-2")],
  left: [],
  reversible: "exactly",
  requests: [],
};
const begun = (change: string): Happening => ({ type: "act.started", change, verb: "run", attempt: 1, owner: "o" });
const verified = (change: string): Happening => ({
  type: "change.verified",
  change,
  what: "groups",
  expected: null,
  observed: null,
  requests: [],
});
const failed: Happening = {
  type: "change.failed",
  change: "eni-2",
  verb: "run",
  code: "aws_failed",
  message: "it \u001b[2J broke",
  requests: [],
};
const plain = { columns: 60, isColoured: false };

test("the list of steps says in words how each stands, and how many of its changes are done", () => {
  const list = new StepList();
  const after = (body: Happening): readonly string[] => {
    list.apply(happened(body));
    return list.lines(plain);
  };
  expect(after(planned)).toEqual(["planned        contain.security-groups 0/2"]);
  expect(after(begun("eni-1"))).toEqual(["running        contain.security-groups 0/2"]);
  expect(after(verified("eni-1"))).toEqual(["planned        contain.security-groups 1/2"]);
  expect(after(failed)).toEqual(["FAILED         contain.security-groups 1/2  it \u{fffd}[2J broke"]);
  expect(list.lines({ ...plain, columns: 30 })[0]).toHaveLength(29);
  const [coloured = ""] = list.lines({ columns: 60, isColoured: true });
  expect(coloured).toContain("FAILED");
  expect(coloured).toContain("\u001b[31m");
});

function screen(isTTY: boolean): { readonly text: () => string; write(text: string): void; readonly isTTY: boolean } {
  let written = "";
  return { isTTY, write: (text) => void (written += text), text: () => written };
}

test("on a terminal what is said appears above the list, which is drawn again in its place", () => {
  const terminal = screen(true);
  const output = new Output({ output: "table", quiet: false }, terminal);
  output.keep(["a", "b"]);
  output.narrate("said");
  output.keep(["c"]);
  expect(terminal.text()).toBe("a\nb\n\u001b[2A\u001b[Jsaid\na\nb\n\u001b[2A\u001b[Jc\n");
});

test.each([
  ["without a terminal", { output: "table", quiet: false }, false, "said\n"],
  ["for programs", { output: "json", quiet: false }, true, "said\n"],
  ["with --quiet", { output: "table", quiet: true }, true, ""],
] as const)("no list is drawn %s", (_when, flags, isTTY, expected) => {
  const stream = screen(isTTY);
  const output = new Output(flags, stream);
  expect(output.liveColumns).toBeNull();
  output.keep(["a"]);
  output.narrate("said");
  expect(stream.text()).toBe(expected);
});
