import { describe, expect, test } from "vitest";
import { Throttle } from "./throttle.ts";

const SWAP = {
  accountId: "111111111111",
  region: "eu-central-1",
  service: "ec2",
  operation: "ModifyNetworkInterfaceAttribute",
  isFiltered: true,
};

function allowedAtOnce(throttle: Throttle, request: typeof SWAP, now = 0): number {
  let calls = 0;
  while (calls < 2000 && throttle.take(request, now).allowed) calls++;
  return calls;
}

describe("AWS's token buckets", () => {
  test.each([
    ["ModifyNetworkInterfaceAttribute", true, 100, 5],
    ["StopInstances", true, 50, 5],
    ["CreateTags", true, 100, 10],
    ["CopyImage", true, 100, 1],
    ["RunInstances", true, 5, 2],
    ["DescribeInstances", true, 100, 20],
    ["DescribeInstances", false, 50, 10],
  ])("%s (filtered: %s) allows %i at once and %i per second after that", (operation, isFiltered, burst, refill) => {
    const throttle = new Throttle();
    const request = { ...SWAP, operation, isFiltered };
    expect(allowedAtOnce(throttle, request)).toBe(burst);
    expect(allowedAtOnce(throttle, request, 1000)).toBe(refill);
  });

  test("each API, account and Region has a bucket of its own", () => {
    const throttle = new Throttle();
    allowedAtOnce(throttle, SWAP);
    expect(throttle.take({ ...SWAP, operation: "CreateTags" }, 0).allowed).toBe(true);
    expect(throttle.take({ ...SWAP, accountId: "222222222222" }, 0).allowed).toBe(true);
    expect(throttle.take({ ...SWAP, region: "us-east-1" }, 0).allowed).toBe(true);
  });

  test("a refused call says when the next token is there", () => {
    const throttle = new Throttle();
    allowedAtOnce(throttle, SWAP);
    expect(throttle.take(SWAP, 0)).toEqual({ allowed: false, code: "RequestLimitExceeded", retryAfterMs: 200 });
    expect(throttle.take(SWAP, 200).allowed).toBe(true);
  });

  test("other callers of the account use up the refill", () => {
    const throttle = new Throttle({ foreignCalls: { ModifyNetworkInterfaceAttribute: 4 } });
    allowedAtOnce(throttle, SWAP);
    expect(allowedAtOnce(throttle, SWAP, 2000)).toBe(2);
    const drained = new Throttle();
    drained.drain(SWAP, 95, 0);
    expect(allowedAtOnce(drained, SWAP)).toBe(5);
  });

  test("calls that name many instances also take one token for each", () => {
    const throttle = new Throttle();
    const stop = { ...SWAP, operation: "StopInstances", resources: 600 };
    expect([throttle.take(stop, 0).allowed, throttle.take(stop, 0).allowed]).toEqual([true, false]);
  });
});
