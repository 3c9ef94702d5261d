import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Json } from "../../src/core/json.ts";
import type { Item } from "../../src/core/step.ts";
import { liveResponse } from "../../src/steps/preserve/live-response.ts";
import { liveResponseCommands } from "../../src/steps/preserve/live-response-commands.ts";
import { onRange, type Bench } from "./bench.ts";
import { instanceOf, itemsOf, openVault } from "./evidence.ts";
import { manageTarget, type ManagedOptions } from "./managed.ts";

type Details = Parameters<typeof liveResponse.collect>[1]["details"];

function onManaged<T>(
  options: ManagedOptions,
  test: (bench: Bench, vault: ReturnType<typeof openVault>) => Promise<T>,
) {
  const vault = openVault();
  return onRange({ context: { vault } }, (bench) => {
    manageTarget(bench.range, options);
    return test(bench, vault);
  });
}

/** Collects as the engine does: again and again, with what was journalled, through JSON. */
async function collectAll(bench: Bench, item: Item<Details>) {
  let progress: Json = null;
  for (let turn = 0; turn < 200; turn++) {
    const context = { ...bench.context, now: bench.clock.now() };
    const result = await liveResponse.collect(context, item, progress);
    if (result.kind === "collected") return result.artifacts[0]!;
    progress = JSON.parse(JSON.stringify(result.progress)) as Json;
    await bench.clock.sleep(result.afterMs);
  }
  throw new Error("it never ended");
}

async function planned(bench: Bench, command = "processes"): Promise<Item<Details>> {
  const items = itemsOf(liveResponse, await liveResponse.plan(bench.context, {}));
  const found = items.find(({ attribute }) => attribute === command);
  if (!found) throw new Error(`${command} is not planned`);
  return found;
}

describe("what is asked", () => {
  it("only reads, on Linux and on Windows", () => {
    const verbs =
      /\b(rm|mv|cp|kill|tee|dd|touch|chmod|curl|wget|Set-|New-|Remove-|Stop-|Start-(?!Time)|Invoke-|Out-File|sh -c)\b|>(?!&)/;
    const writing = liveResponseCommands.flatMap(({ linux, windows }) =>
      [linux, windows].filter((script) => script !== null && verbs.test(script)),
    );
    expect(writing).toEqual([]);
    expect(new Set(liveResponseCommands.map(({ name }) => name)).size).toBe(liveResponseCommands.length);
  });

  it("is documented, each command with what it shows", () => {
    const page = readFileSync("docs/evidence.md", "utf8");
    const rows = liveResponseCommands.map(({ name, shows }) => `| \`${name}\` | ${shows} |`);
    expect(rows.filter((row) => !page.replaceAll(/ +\|/g, " |").includes(row))).toEqual([]);
  });

  it("is planned for the platform that the agent reports", () =>
    onManaged({}, async (bench) => {
      expect((await planned(bench)).details).toMatchObject({
        platform: "Linux",
        script: expect.stringMatching(/^ps /),
      });
      bench.place.region.ssmInstances.get(bench.target.instanceId)!.platformType = "Windows";
      const { items } = await liveResponse.plan(bench.context, {});
      expect(items.map(({ attribute }) => attribute)).not.toContain("containers");
      expect(items[0]?.details).toMatchObject({ platform: "Windows", script: expect.stringMatching(/^Get-Cim/) });
    }));

  it("is nothing where nobody answers, with the reason", () =>
    onManaged({ worksAlready: false }, async (bench) => {
      const reasonOf = async () => (await liveResponse.plan(bench.context, {})).left[0]?.reason;
      expect(await reasonOf()).toContain("Systems Manager does not know it");
      instanceOf(bench).state = "stopped";
      expect(await reasonOf()).toBe("it is stopped: nothing runs on it that could answer");
    }));

  it("waits for the agent while the profile that lets it work is attached", () =>
    onManaged({ worksAlready: false }, async (bench) => {
      const change = { id: "c", step: "preserve.collection-profile", resource: "r", before: null, after: null };
      const outcomes = {
        "preserve.collection-profile": [{ change, state: "started", outcome: null, verifiedAt: null }],
      };
      const awaiting = { ...bench, context: { ...bench.context, outcomes } };
      await expect(collectAll(awaiting, await planned(awaiting))).rejects.toThrow("no agent reported within 180 s");
    }));
});

describe("an output", () => {
  it("is stored as it was printed, with what is known of the run", () =>
    onManaged({}, async (bench, vault) => {
      const artifact = await collectAll(bench, await planned(bench, "sockets"));
      const [content] = [...vault.contents.values()];
      expect(Buffer.from(content!).toString()).toMatch(/^Netid State/);
      expect(artifact.lineage).toMatchObject({
        command: "sockets",
        script: "ss -tunap",
        document: "AWS-RunShellScript",
        exitCode: 0,
        cut: null,
        commandId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
    }));

  it("of a program that is not there is what the shell said, with its exit code", () =>
    onManaged({ missingPrograms: ["docker"] }, async (bench, vault) => {
      const artifact = await collectAll(bench, await planned(bench, "containers"));
      expect(artifact.lineage).toMatchObject({ exitCode: 127 });
      expect(Buffer.from([...vault.contents.values()][0]!).toString()).toBe("sh: 1: docker: not found\n");
    }));

  it.each(["Linux", "Windows"] as const)(
    "that AWS cuts is fetched whole on %s, and is what the host hashed",
    (platform) =>
      onManaged({ processes: 2_000 }, async (bench, vault) => {
        const managed = bench.place.region.ssmInstances.get(bench.target.instanceId)!;
        managed.platformType = platform;
        const artifact = await collectAll(bench, await planned(bench));
        const [content] = [...vault.contents.values()];
        expect(content!.length).toBeGreaterThan(100_000);
        expect(Buffer.from(content!).toString().trimEnd().split("\n")).toHaveLength(2_001);
        const { commandId, cut } = artifact.lineage as { readonly commandId: string; readonly cut: null };
        const kept = [...managed.agent.host.files].find(([path]) => path.includes(commandId))![1];
        expect(createHash("sha256").update(content!).digest("hex")).toBe(
          createHash("sha256").update(kept).digest("hex"),
        );
        expect(cut).toBeNull();
      }),
  );

  it("that cannot be fetched whole is stored as AWS shows it, and says so", () =>
    onManaged({ processes: 600, missingPrograms: ["sha256sum"] }, async (bench, vault) => {
      const artifact = await collectAll(bench, await planned(bench));
      expect([...vault.contents.values()][0]).toHaveLength(24_000);
      expect(artifact.lineage).toMatchObject({ cut: "AWS cut it, and the host did not say how long it is" });
    }));

  it("is lost with its reason where the agent went silent", () =>
    onManaged({}, async (bench) => {
      const item = await planned(bench);
      const first = await liveResponse.collect(bench.context, item, null);
      instanceOf(bench).state = "stopped";
      await bench.clock.sleep(3_600_000);
      const { progress } = first as Extract<typeof first, { kind: "later" }>;
      await expect(liveResponse.collect(bench.context, item, progress)).rejects.toThrow(
        /processes gave no output on i-\w+: Execution Timed Out/,
      );
    }));

  it("of a full disk is AWS's word for it", () =>
    onManaged({ isDiskFull: true }, async (bench) => {
      const artifact = await collectAll(bench, await planned(bench));
      expect(artifact.lineage).toMatchObject({
        exitCode: 1,
        errors: expect.stringContaining("no space left on device"),
      });
    }));

  it("is asked for once: a command that an earlier attempt sent is taken", () =>
    onManaged({}, async (bench) => {
      const item = await planned(bench);
      const since = bench.clock.now();
      await liveResponse.collect(bench.context, item, null);
      bench.operations();
      await bench.clock.sleep(1_000);
      await liveResponse.collect({ ...bench.context, lookSince: since, now: bench.clock.now() }, item, null);
      expect(bench.operations()).toEqual(["ListCommandInvocations"]);
    }));
});
