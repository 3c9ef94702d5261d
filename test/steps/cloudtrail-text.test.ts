import { describe, expect, it } from "vitest";
import type { Json } from "../../src/core/json.ts";
import { linesOf } from "../../src/steps/preserve/cloudtrail-records.ts";
import { summaryOf } from "../../src/steps/preserve/cloudtrail-summary.ts";

describe("text in an event", () => {
  const event = (document: string, id = "e") => ({ id, at: 1000, document });

  it("that is hostile stays as it is in the file, and reaches no summary", () => {
    const record = {
      eventName: "\u001b[2J\u202eGo",
      eventSource: "x\n\u0007",
      errorCode: "__proto__",
      userAgent: "\u001b]0;x",
    };
    const document = JSON.stringify(record);
    expect(JSON.parse(Buffer.from(linesOf({ events: [event(document)] })).toString())).toEqual(record);
    const summary = JSON.stringify(summaryOf([event(document)], { instanceId: "i-0", addresses: [] }));
    expect(summary).toContain("x\u{fffd}\u{fffd} \u{fffd}[2J\u{fffd}Go");
    expect(summary).toContain('"what":"__proto__"');
    expect(summary).not.toMatch(/\\u001b|\u202e/);
  });

  it("of a megabyte, nested as deep as it goes, is kept whole and read by nobody", () => {
    const deep = `${"[".repeat(500_000)}${"]".repeat(500_000)}`;
    const inside = `{"eventName":"Deep","requestParameters":${deep}}`;
    const lines = Buffer.from(linesOf({ events: [event(deep), event(inside, "f")] })).toString();
    expect(lines.split("\n").filter((line) => line !== "")).toHaveLength(2);
    expect(lines).toContain("[[[[");
    const summary = JSON.stringify(summaryOf([event(deep), event(inside, "f")], { instanceId: "i-0", addresses: [] }));
    expect(summary.length).toBeLessThan(2_000);
  });

  it("is one line whatever it holds", () => {
    const documents = ['{\n  "eventName": "A"\r\n}', "no JSON\nat all", ""];
    const lines = Buffer.from(linesOf({ events: documents.map((each) => event(each)) }))
      .toString()
      .split("\n");
    expect(lines.slice(0, -1).map((line) => JSON.parse(line) as unknown)).toEqual([
      { eventName: "A" },
      { unreadable: "no JSON\nat all" },
      { unreadable: "" },
    ]);
  });

  it("of a thousand kinds fills no journal", () => {
    const events = Array.from({ length: 5_000 }, (_, number) =>
      event(
        JSON.stringify({
          eventName: `${number}€`.repeat(500),
          sourceIPAddress: `a${number}${"€".repeat(500)}`,
          errorCode: `b${number}${"€".repeat(500)}`,
        }),
      ),
    );
    const summary = summaryOf(events, { instanceId: "i-0", addresses: [] });
    expect(Buffer.byteLength(JSON.stringify(summary))).toBeLessThan(48_000);
    expect((summary as { readonly errors: readonly Json[] }).errors.at(-1)).toEqual({
      what: "4975 others",
      count: 4_975,
    });
  });
});
