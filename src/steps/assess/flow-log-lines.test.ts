import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FlowLog } from "../../aws/flow-logs.ts";
import { coverage, missingFields, readLine } from "./flow-log-lines.ts";

const DEFAULT =
  "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

const log = (fields = DEFAULT, more: Partial<FlowLog> = {}): FlowLog => ({
  id: "fl-0a",
  resourceId: "vpc-0a",
  trafficType: "ALL",
  destinationType: "cloud-watch-logs",
  destination: "arn",
  logGroup: "flows",
  fields: fields.split(" "),
  maxAggregationSeconds: 60,
  isActive: true,
  deliveryFault: null,
  createdAt: null,
  ...more,
});
const own = new Set(["172.31.16.21", "172.31.9.12"]);

/** AWS's own examples: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html */
describe("the records that AWS gives as examples", () => {
  it("SSH that was accepted", () => {
    const line =
      "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK";
    expect(readLine(line, log(), own)).toEqual({
      kind: "flow",
      start: 1_418_530_010_000,
      end: 1_418_530_070_000,
      flow: { isAccepted: true, peer: "172.31.16.139", protocol: 6, peerPort: 20_641, ownPort: 22, bytes: 4249 },
    });
  });

  it("remote desktop that was rejected", () => {
    const line =
      "2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK";
    expect(readLine(line, log(), own)).toMatchObject({
      flow: { isAccepted: false, peer: "172.31.9.69", ownPort: 3389 },
    });
  });

  it("no data, and records that were skipped", () => {
    const nothing = "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA";
    const skipped = "2 123456789010 eni-11111111aaaaaaaaa - - - - - - - 1431280876 1431280934 - SKIPDATA";
    expect(readLine(nothing, log(), own)).toEqual({
      kind: "nothing",
      start: 1_431_280_876_000,
      end: 1_431_280_934_000,
    });
    expect(readLine(skipped, log(), own)).toEqual({
      kind: "skipped",
      start: 1_431_280_876_000,
      end: 1_431_280_934_000,
    });
  });

  it("a packet through a NAT gateway: the addresses that the packet carried count", () => {
    const fields = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr protocol start end action";
    const line = "eni-1235b8ca123456789 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 6 1418530010 1418530070 ACCEPT";
    const seen = readLine(line, log(fields), new Set(["10.0.1.5"]));
    expect(seen).toMatchObject({ flow: { peer: "203.0.113.5", peerPort: null, ownPort: null, bytes: null } });
  });
});

it("takes what is no record for none", () => {
  const texts = [
    "",
    "2 1 eni-1 172.31.16.139",
    "2 1 eni-1 \u001b[31mevil 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK",
    "2 1 eni-1 172.31.16.0/24 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK",
    "2 1 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530070 1418530010 ACCEPT OK",
    "2 1 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 9999999999999 9999999999999 ACCEPT OK",
  ];
  expect(texts.map((text) => readLine(text, log(), own))).toEqual([null, null, null, null, null, null]);
});

it("breaks on nothing that somebody may have written there, and takes no more than addresses from it", () => {
  const word = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom(
      "-",
      "2",
      "ACCEPT",
      "NODATA",
      "172.31.16.21",
      "203.0.113.9",
      "::1",
      "1418530010",
      "6",
      "99999999999999999",
    ),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 16 }), (words) => {
      const line = readLine(words.join(" "), log(), own);
      const peer = line?.kind === "flow" ? line.flow.peer : "203.0.113.9";
      expect(peer).toMatch(/^[0-9a-f.:]{2,45}$/i);
    }),
    { numRuns: 5000 },
  );
});

it("without a status in the format, an empty record may hide what was skipped", () => {
  const fields = "srcaddr dstaddr protocol start end action";
  expect(readLine("- - - 1431280876 1431280934 -", log(fields), own)).toMatchObject({ kind: "skipped" });
});

it("names the fields that a format must have", () => {
  expect(missingFields(log())).toEqual([]);
  expect(missingFields(log("srcaddr pkt-dstaddr protocol start end", { trafficType: "ACCEPT" }))).toEqual([]);
  expect(missingFields(log("srcaddr bytes start"))).toEqual(["dstaddr", "protocol", "end", "action"]);
});

describe("how far records reach", () => {
  const MINUTE = 60_000;
  const nothing = (minute: number) => ({
    kind: "nothing" as const,
    start: minute * MINUTE,
    end: (minute + 1) * MINUTE,
  });
  const skipped = (minute: number) => ({ ...nothing(minute), kind: "skipped" as const });
  const packet = (start: number, end: number) => ({
    kind: "flow" as const,
    start,
    end,
    flow: { isAccepted: true, peer: "203.0.113.5", protocol: 6, peerPort: 443, ownPort: 50_000, bytes: 84 },
  });

  it.each([
    ["nothing where there are none", [], null, false],
    ["to the end of the last, in any order", [nothing(11), nothing(10), nothing(12)], 13 * MINUTE, false],
    ["to the first that has not arrived", [nothing(10), nothing(11), nothing(14), nothing(15)], 12 * MINUTE, false],
    [
      "over packets anywhere in their intervals",
      [packet(10.0 * MINUTE, 10.1 * MINUTE), packet(11.9 * MINUTE, 11.9 * MINUTE)],
      11.9 * MINUTE,
      false,
    ],
    ["to where AWS skipped some", [nothing(10), nothing(11), skipped(12), nothing(13)], 12 * MINUTE, true],
    ["nothing that begins too late", [nothing(20), nothing(21)], null, false],
    ["nothing that ends before", [nothing(8), nothing(9)], null, false],
  ])("%s", (_, lines, until, isSkipped) => {
    expect(coverage(lines, 10.5 * MINUTE, log())).toEqual({ until, isSkipped });
  });

  it("an interval of ten minutes is one only where the log may have it", () => {
    const long = [{ kind: "nothing" as const, start: 0, end: 10 * MINUTE }, packet(19 * MINUTE, 19.5 * MINUTE)];
    expect(coverage(long, 5 * MINUTE, log(DEFAULT, { maxAggregationSeconds: 600 })).until).toBe(19.5 * MINUTE);
    expect(coverage(long, 5 * MINUTE, log()).until).toBe(10 * MINUTE);
  });
});
