import { expect, it } from "vitest";
import type { FlowLog } from "../../aws/flow-logs.ts";
import type { Json } from "../../core/json.ts";
import type { ChangeView } from "../../core/step.ts";
import { cutsOf } from "./flow-log-cuts.ts";
import type { FlowLine } from "./flow-log-lines.ts";
import { type LoggedInterface, verdictOn } from "./flow-log-verdict.ts";

const NOON = Date.UTC(2026, 0, 15, 12);
const at = (minute: number): number => NOON + minute * 60_000;

const log: FlowLog = {
  id: "fl-0a",
  resourceId: "vpc-0a",
  trafficType: "ALL",
  destinationType: "cloud-watch-logs",
  destination: "arn",
  logGroup: "flows",
  fields: [],
  maxAggregationSeconds: 60,
  isActive: true,
  deliveryFault: null,
  createdAt: null,
};

const view = (step: string, resource: string, minute: number | null, attribute?: string): ChangeView => ({
  change: {
    id: `${step}/${resource}`,
    step,
    resource,
    before: null,
    after: null,
    ...(attribute === undefined ? {} : { attribute }),
  },
  state: minute === null ? "failed" : "verified",
  outcome: null as Json,
  verifiedAt: minute === null ? null : at(minute),
});

const sealed = view("contain.security-groups", "eni-1", 0, "groups");
const outcomesOf = (...views: readonly ChangeView[]): Record<string, readonly ChangeView[]> => {
  const byStep: Record<string, ChangeView[]> = {};
  for (const each of views) (byStep[each.change.step] ??= []).push(each);
  return byStep;
};

const nothing = (minute: number): FlowLine => ({ kind: "nothing", start: at(minute), end: at(minute + 1) });
const quiet = (from: number, to: number): readonly FlowLine[] =>
  Array.from({ length: to - from }, (_, index) => nothing(from + index));
const packet = (minute: number, more: object = {}): FlowLine => ({
  kind: "flow",
  start: at(minute),
  end: at(minute),
  flow: {
    isAccepted: true,
    peer: "203.0.113.99",
    protocol: 6,
    peerPort: 4444,
    ownPort: 50_000,
    bytes: 84,
    ...more,
  },
});

function judge(
  lines: readonly FlowLine[],
  views: readonly ChangeView[] = [sealed],
  more: Partial<LoggedInterface> = {},
) {
  const subnetCidrs = ["10.20.1.0/24"];
  const { check, survivors } = verdictOn({
    id: "eni-1",
    subnetId: "subnet-1",
    instanceId: "i-1",
    cuts: cutsOf({ outcomes: outcomesOf(...views) }, { id: "eni-1", subnetCidrs }),
    logs: [{ log, lines }],
    faults: [],
    ...more,
  });
  return { ok: check.ok, said: check.observed, survivors: survivors.map(({ what }) => what) };
}

const NAMED = "TCP with 203.0.113.99 port 4444 on eni-1";

it("names who was accepted after the cut, with a lever and whom that hits", () => {
  const { survivors } = verdictOn({
    id: "eni-1",
    subnetId: "subnet-1",
    instanceId: "i-1",
    cuts: cutsOf({ outcomes: outcomesOf(sealed) }, { id: "eni-1", subnetCidrs: [] }),
    logs: [{ log, lines: [packet(-1), packet(3), packet(5)] }],
    faults: [],
  });
  expect(survivors).toEqual([
    {
      code: "flow.seen",
      what: NAMED,
      kind: "tcp",
      certainty: "indicated",
      why: "flow log fl-0a shows packets that were accepted after the cut, the last at 12:05:00Z",
      lever: "contain.network-acl, or contain.stop",
      blastRadius: "every machine in subnet-1; with contain.stop only i-1",
    },
  ]);
});

it("takes nothing for a survivor that may have passed before the cut: AWS takes packets down up to a minute late", () => {
  expect(judge([packet(-2), packet(0.9), ...quiet(1, 6)]).survivors).toEqual([]);
  expect(judge([packet(1.1), ...quiet(2, 6)]).survivors).toEqual([NAMED]);
});

it("says ok only of the time that records cover", () => {
  expect(judge(quiet(-1, 6))).toEqual({
    ok: true,
    said: "no packet was accepted; records reach 12:06:00Z",
    survivors: [],
  });
  expect(judge([nothing(-1)])).toMatchObject({
    ok: false,
    said: "no packet was accepted; no records of the time after the cut",
  });
  expect(judge([]).ok).toBe(false);
  expect(judge([nothing(-1), nothing(0), { ...nothing(1), kind: "skipped" }, nothing(2)])).toMatchObject({
    ok: false,
    said: "no packet was accepted; records reach 12:01:00Z; then AWS skipped records",
  });
});

it("rejected packets prove nobody alive", () => {
  expect(judge([packet(3, { isAccepted: false }), ...quiet(-1, 6)])).toMatchObject({ ok: true, survivors: [] });
});

it("knows who listens, and protocols without ports", () => {
  const seen = (more: object): readonly string[] => judge([packet(3, more)]).survivors;
  expect(seen({ ownPort: 22, peerPort: 51_000 })).toEqual(["TCP from 203.0.113.99 to port 22 on eni-1"]);
  expect(seen({ protocol: 17, peerPort: null, ownPort: null })).toEqual(["UDP with 203.0.113.99 on eni-1"]);
  expect(seen({ protocol: 1, peerPort: 0, ownPort: 0 })).toEqual(["ICMP with 203.0.113.99 on eni-1"]);
  expect(seen({ protocol: 47, peerPort: 0, ownPort: 0 })).toEqual(["IP protocol 47 with 203.0.113.99 on eni-1"]);
});

it("a later cut counts once records reach it, and not before", () => {
  const views = [sealed, view("contain.network-acl", "acl-1", 5)];
  expect(judge([packet(3), ...quiet(4, 6)], views).survivors).toEqual([NAMED]);
  expect(judge([packet(3), ...quiet(-1, 12)], views)).toMatchObject({ ok: true, survivors: [] });
  expect(judge([packet(3), packet(8), ...quiet(-1, 12)], views).survivors).toEqual([NAMED]);
});

it("an address that was denied counts as cut from then on, and no other", () => {
  const views = [sealed, view("contain.remote-addresses", "acl-1", 5, "203.0.113.99")];
  expect(judge([packet(3), ...quiet(-1, 12)], views).survivors).toEqual([]);
  expect(judge([packet(3, { peer: "203.0.113.98" }), ...quiet(-1, 12)], views).survivors).toHaveLength(1);
});

it("a network ACL reaches nobody in the same subnet, and one that failed cuts nobody", () => {
  const inside = packet(3, { peer: "10.20.1.9" });
  expect(judge([inside, ...quiet(-1, 12)], [sealed, view("contain.network-acl", "acl-1", 5)]).survivors).toHaveLength(
    1,
  );
  expect(judge([packet(3), ...quiet(-1, 12)], [sealed, view("contain.network-acl", "acl-1", null)]).survivors).toEqual([
    NAMED,
  ]);
});

it("what came through while a window was open is over when it is sealed again", () => {
  const views = [sealed, view("contain.tracked-connections", "eni-1", 4, "tracked-flows")];
  expect(judge([packet(3), ...quiet(-1, 9)], views).survivors).toEqual([]);
});

it("without a seal of this case there is nothing to compare with", () => {
  expect(judge([packet(3)], [])).toEqual({ ok: false, said: "this case did not seal it", survivors: [] });
});

it("says so where nothing is logged that it can read, and why", () => {
  expect(judge([], [sealed], { logs: [] })).toEqual({ ok: false, said: "none", survivors: [] });
  const faults = ["fl-1 goes to s3 (arn:aws:s3:::flows): not read"];
  expect(judge([], [sealed], { logs: [], faults }).said).toBe("fl-1 goes to s3 (arn:aws:s3:::flows): not read");
});

it("names twenty, and counts the others", () => {
  const many = Array.from({ length: 25 }, (_, index) => packet(3, { peer: `203.0.113.${index + 1}` }));
  const { survivors } = judge(many);
  expect(survivors).toHaveLength(21);
  expect(survivors.at(-1)).toBe("5 more peers on eni-1");
});
