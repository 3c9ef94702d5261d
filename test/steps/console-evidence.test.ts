import { expect, it } from "vitest";
import { consoleOutput } from "../../src/steps/preserve/console-output.ts";
import { consoleScreenshot } from "../../src/steps/preserve/console-screenshot.ts";
import { onRange } from "./bench.ts";
import { instanceOf, itemsOf, openVault } from "./evidence.ts";

it("keeps the picture of the console as the JPEG that AWS gave", () =>
  onRange({}, async (bench) => {
    const vault = openVault();
    const [item] = itemsOf(consoleScreenshot, await consoleScreenshot.plan(bench.context, {}));
    await consoleScreenshot.collect({ ...bench.context, vault }, item!, null);
    const picture = vault.contents.get(`console-screenshot/${bench.target.instanceId}.jpg`)!;
    expect(Buffer.from(picture).subarray(0, 3).toString("hex")).toBe("ffd8ff");
  }));

it("leaves the picture of what AWS has none of, with the reason", () =>
  onRange({}, async (bench) => {
    const reasonFor = async (instanceType: string) => {
      instanceOf(bench).instanceType = instanceType;
      const { items, left } = await consoleScreenshot.plan(bench.context, {});
      return [items.length, left[0]?.reason];
    };
    expect(await reasonFor("m7g.large")).toEqual([
      0,
      "m7g.large has an AWS Graviton processor: AWS has no picture of its console",
    ]);
    expect(await reasonFor("m5.metal")).toEqual([0, "m5.metal is bare metal: AWS has no picture of its console"]);
    instanceOf(bench).state = "stopped";
    expect(await reasonFor("m5.large")).toEqual([0, "it is stopped: AWS has pictures of running instances only"]);
  }));

it("keeps what stands on the console byte for byte, escape sequences and all", () =>
  onRange({}, async (bench) => {
    const text = "\u001b[2J\u0000pwned \r\n\u0007";
    instanceOf(bench).consoleText = text;
    const vault = openVault();
    const [item] = itemsOf(consoleOutput, await consoleOutput.plan(bench.context, {}));
    expect(item?.details).toEqual({ latest: true });
    await consoleOutput.collect({ ...bench.context, vault }, item!, null);
    const kept = vault.contents.get(`console-output/${bench.target.instanceId}.log`)!;
    expect(Buffer.from(kept).toString("utf8")).toBe(text);
  }));

it("asks for the latest output only where there is one", () =>
  onRange({}, async (bench) => {
    instanceOf(bench).instanceType = "t2.micro";
    const [item] = itemsOf(consoleOutput, await consoleOutput.plan(bench.context, {}));
    expect(item?.details).toEqual({ latest: false });
    const result = await consoleOutput.collect({ ...bench.context, vault: openVault() }, item!, null);
    expect(result).toMatchObject({ kind: "collected", artifacts: [{ lineage: { latest: false } }] });
  }));
