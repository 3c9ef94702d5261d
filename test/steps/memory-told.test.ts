import { describe, expect, it } from "vitest";
import type { ArrivedPart } from "../../src/core/content-in-parts.ts";
import type { CollectResult, Item, StepContext } from "../../src/core/step.ts";
import { memoryCapture } from "../../src/steps/preserve/memory-capture.ts";

const MIB = 1024 * 1024;
const upload = { key: "cases/memory/i-1-1.lime", id: "m:1", partBytes: 16 * MIB };
const sha256 = "ab".repeat(32);

/** 1 GiB of memory, and an image of 1383 MiB at most: links to 87 parts of 16 MiB. */
const item = {
  resource: "i-1",
  details: {
    platform: "Linux",
    tool: { from: "host", path: "/avml", sha256 },
    instanceType: "t3.micro",
    memoryMiB: 1024,
    partMiB: 16,
  },
} as unknown as Item<never>;

/** What the next look at the capture comes to, when the host has ended with these words and these parts lie in the vault. */
async function looked(output: string, arrived: readonly ArrivedPart[]): Promise<CollectResult> {
  const answer = {
    Status: "Success",
    ResponseCode: 0,
    StandardOutputContent: output,
    ExecutionStartDateTime: "2026-01-01T00:00:00Z",
    ExecutionEndDateTime: "2026-01-01T00:01:00Z",
  };
  const context = {
    now: 0,
    aws: { ssm: { send: () => Promise.resolve(answer) } },
    vault: { large: { arrived: () => Promise.resolve(arrived) } },
  } as unknown as StepContext;
  const capturing = { phase: "capturing", upload, commandId: "c-1", linksUntil: 9e9 };
  return memoryCapture.collect(context, item, capturing);
}

const whole = (parts: number): readonly ArrivedPart[] =>
  Array.from({ length: parts }, (_, at) => ({ number: at + 1, bytes: 16 * MIB }));

const said = (parts: string, bytes: string): string => `cordon: parts=${parts} bytes=${bytes} sha256=${sha256}\n`;

describe("what the host says at the end of a capture", () => {
  it("is taken up to the last part that it had a link to", async () => {
    expect(await looked(said("87", `${87 * 16 * MIB}`), whole(87))).toMatchObject({
      progress: { phase: "arrived", told: { parts: 87, bytes: 87 * 16 * MIB, sha256 } },
    });
  });

  it.each([
    ["more parts than it had links to", said("88", "1000"), /^.* was not captured: what the host says is no end/],
    [
      "a number that none can hold",
      said("9".repeat(400), "1000"),
      /what the host says is no end of a capture: parts=999/,
    ],
    ["no part", said("0", "1000"), /what the host says is no end/],
    ["more bytes than its parts hold", said("2", `${2 * 16 * MIB + 1}`), /what the host says is no end/],
    ["bytes that none can hold", said("2", "9".repeat(400)), /what the host says is no end/],
    ["no byte", said("2", "0"), /what the host says is no end/],
    ["nothing that it was asked for", "hello", /what the host says is no end of a capture: hello/],
    ["parts that never arrived", said("3", "1000"), /it sent 3 parts, and part 3 never arrived/],
  ])("is no capture where it says %s", async (_name, output, reason) => {
    await expect(looked(output, whole(2))).rejects.toMatchObject({
      code: "memory_not_captured",
      message: expect.stringMatching(reason),
    });
  });

  it("is no capture where a part in the middle has another size", async () => {
    const arrived = [
      { number: 1, bytes: 7 },
      { number: 2, bytes: 16 * MIB },
    ];
    await expect(looked(said("2", "1000"), arrived)).rejects.toMatchObject({
      code: "memory_not_captured",
      message: expect.stringContaining("part 1 has 7 bytes, not 16777216"),
    });
  });
});
