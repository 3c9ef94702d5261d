import { describe, expect, it } from "vitest";
import type { ArtifactDraft } from "../../src/core/artifact.ts";
import type { Json } from "../../src/core/json.ts";
import { largeContent } from "../../src/core/large-content.ts";
import type { CollectResult, Item, StepContext } from "../../src/core/step.ts";
import type { Vault } from "../../src/core/vault.ts";
import { createResponder } from "../../src/range/responder.ts";
import { createSecurityGroup } from "../../src/range/world/build-network.ts";
import { interfacesOf } from "../../src/range/world/place.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { contentsOf, evidenceBucket } from "../../src/range/world/s3.ts";
import { memoryCapture } from "../../src/steps/preserve/memory-capture.ts";
import { memoryVault } from "../../src/vault/memory.ts";
import { s3Vault } from "../../src/vault/s3.ts";
import { createClients } from "../../src/aws/clients.ts";
import { openBench } from "./bench.ts";
import { itemsOf } from "./evidence.ts";
import { captureTarget, giveS3, memoryOf, memorySettings, AVML, WINPMEM } from "./memory.ts";

const BUCKET = "evidence-444455556666";
type Options = Parameters<typeof captureTarget>[1];

/** A bench with a bucket for evidence in another account, and a target whose memory can be captured. */
function open(options: Options = {}, given: Partial<StepContext> = {}) {
  const bench = openBench({ scenario: "c2-beacon" });
  const { range, clock, target } = bench;
  const place = range.world.place("444455556666", target.region);
  const bucket = evidenceBucket(range.world, { account: place.account.id, region: target.region, name: BUCKET });
  const clients = createClients({
    region: target.region,
    credentials: createResponder(place),
    requestHandler: range.requestHandler(),
    clock,
    random: seededRandom(5),
  });
  const { signal } = new AbortController();
  const vault: Vault = s3Vault({
    bucket: BUCKET,
    clock,
    random: seededRandom(6),
    presigner: clients.presigner,
    sender: (until) => clients.observed(() => {}, until).s3,
  });
  const staged = captureTarget(range, options);
  const large = largeContent({ vault, prefix: "cases/", attempt: 1, signal, hold: () => clock.hold() });
  const context = (): StepContext => ({
    ...bench.context,
    settings: { purpose: "forensics", neverDeny: [], ...memorySettings },
    vault: { put: () => Promise.reject(new Error("this step puts nothing whole")), large },
    ...given,
    now: clock.now(),
  });
  return { ...bench, ...staged, vault, context, contents: contentsOf(range.world, bucket) };
}

type Laboratory = ReturnType<typeof open>;

async function planned({ context }: Laboratory) {
  const plan = await memoryCapture.plan(context(), {});
  return { item: itemsOf(memoryCapture, plan)[0] as Item<never>, left: plan.left };
}

/** Calls `collect` as the engine does, until it is done. `between` is told of each progress. */
async function collect(
  lab: Laboratory,
  between: (progress: { readonly phase: string }) => void | Promise<void> = () => {},
): Promise<readonly ArtifactDraft[]> {
  const { item } = await planned(lab);
  let progress: Json | null = null;
  for (let calls = 0; calls < 500; calls++) {
    const result: CollectResult = await memoryCapture.collect(lab.context(), item, progress);
    if (result.kind === "collected") return result.artifacts;
    progress = JSON.parse(JSON.stringify(result.progress)) as Json;
    await between(progress as unknown as { readonly phase: string });
    await lab.clock.sleep(result.afterMs);
  }
  throw new Error("it never ends");
}

const MIB = 1024 * 1024;

describe("a capture", () => {
  it("puts 64 MiB of memory into the vault in parts, and hashes what arrived", async () => {
    const lab = open({ memory: memoryOf(64 * MIB) });
    await lab.clock.run(async () => {
      const largest: number[] = [];
      const read = lab.vault.read.bind(lab.vault);
      lab.vault.read = (key, piece) => (largest.push(piece.bytes), read(key, piece));
      const [artifact, ...more] = await collect(lab);
      expect(more).toEqual([]);
      expect(artifact).toMatchObject({
        kind: "memory",
        bytes: 64 * MIB + 32,
        sha256: "c92248b602fc8bebe14d3f1994807fb8c2f86e9658105550e1c347b58ce78be3",
        lineage: { parts: 5, verified: true, format: "LiME", program: { name: "AVML", path: AVML } },
      });
      expect(Math.max(...largest)).toBe(8 * MIB);
      expect(await lab.vault.list("")).toEqual([
        { key: expect.stringMatching(/^cases\/memory\/i-\w+-1\.lime$/), bytes: 64 * MIB + 32 },
      ]);
      expect(await memoryCapture.verify(lab.context(), (await planned(lab)).item, [artifact!])).toMatchObject({
        kind: "ok",
      });
    });
  }, 60_000);

  it("has WinPmem write it on Windows", async () => {
    const lab = open({ memory: memoryOf(100_000) });
    lab.place.world.change(lab.instance, () => (lab.instance.platform = "windows"));
    lab.managed.platformType = "Windows";
    await lab.clock.run(async () => {
      const [artifact] = await collect(lab);
      expect(artifact).toMatchObject({
        bytes: 100_000,
        lineage: {
          format: "raw",
          program: { name: "WinPmem", path: WINPMEM },
          verified: true,
          document: "AWS-RunPowerShellScript",
        },
      });
    });
  });

  it("sends no credentials: a command has links to parts, and to nothing else", async () => {
    const lab = open();
    await lab.clock.run(() => collect(lab));
    const [command] = [...lab.place.region.ssmCommands.values()];
    const text = command!.script.join("\n");
    expect(Buffer.byteLength(text)).toBeLessThan(48 * 1024);
    const addresses = text.match(/https:[^\s']+/g) ?? [];
    expect(addresses).toHaveLength(1);
    const { searchParams, pathname } = new URL(addresses[0]!);
    expect(pathname).toMatch(/^\/cases\/memory\/i-\w+-1\.lime$/);
    expect(searchParams.get("partNumber")).toBe("@PART@");
    expect(searchParams.get("X-Amz-Expires")).toBe("1800");
    expect(text).not.toMatch(/secret|AWS_ACCESS|aws_access/i);
  });

  it("fetches a program that lies in the vault, and runs it if it is the right one", async () => {
    const lab = open({ files: {} });
    const { sha256 } = memorySettings.memory!.linux!;
    const settings = {
      purpose: "x",
      neverDeny: [],
      memory: { linux: { from: "vault", key: "tools/avml", sha256 } as const, windows: null },
    };
    const context = lab.context;
    await lab.clock.run(async () => {
      await lab.vault.put("tools/avml", new TextEncoder().encode("the program that captures"));
      const [artifact] = await collect({ ...lab, context: () => ({ ...context(), settings }) });
      expect(artifact?.lineage).toMatchObject({ verified: true, program: { from: "vault", key: "tools/avml" } });
    });
  });
});

describe("what happens on the way", () => {
  it("is healed where a bit flips: S3 refuses the part, and the host sends it again", async () => {
    const lab = open();
    const door = lab.range.world.door!;
    let flipped = 0;
    lab.range.world.door = (request) => {
      if (request.method !== "PUT" || flipped++ > 0) return door(request);
      const body = Uint8Array.from(request.body);
      body[5]! ^= 1;
      return door({ ...request, body });
    };
    await lab.clock.run(async () => {
      const [artifact] = await collect(lab);
      expect(artifact?.lineage).toMatchObject({ verified: true });
    });
    expect(flipped).toBe(2);
  });

  it("is told where the vault has other bytes than the host sent, and the artifact is kept as it is", async () => {
    const lab = open();
    await lab.clock.run(async () => {
      const [artifact] = await collect(lab, ({ phase }) => {
        if (phase !== "arrived") return;
        const [upload] = [...lab.contents.uploads.values()];
        upload!.parts.get(1)!.content[50_000]! ^= 1;
      });
      expect(artifact?.lineage).toMatchObject({ verified: false });
      expect(artifact?.lineage).not.toMatchObject({ sentSha256: artifact?.sha256 });
      const seen = await memoryCapture.verify(lab.context(), (await planned(lab)).item, [artifact!]);
      expect(seen).toMatchObject({ kind: "failed", expected: expect.stringContaining("as the host sent them") });
    });
  });

  it("is a new set of links before the old ones end, which the capture takes up", async () => {
    const lab = open({ withoutS3: true }); // A host that waits for a way to S3.
    await lab.clock.run(async () => {
      const { host } = lab.managed.agent;
      const links = (): string =>
        Buffer.from([...host.files].find(([path]) => path.endsWith("/links"))?.[1] ?? []).toString();
      let before = "";
      let after = "";
      let isRenewed = false;
      const [artifact] = await collect(lab, async (progress) => {
        if (progress.phase !== "capturing" || isRenewed) return;
        if (before === "") {
          await lab.clock.sleep(5_000);
          before = links();
          (progress as { linksUntil?: number }).linksUntil = lab.clock.now();
          return;
        }
        isRenewed = true;
        await lab.clock.sleep(3_000);
        after = links();
        giveS3(lab);
      });
      expect(before).toContain("@SIGNATURE@");
      expect(after).toContain("@SIGNATURE@");
      expect(after).not.toBe(before);
      expect(artifact?.lineage).toMatchObject({ verified: true });
    });
  });
});

describe("no capture, with the reason", () => {
  it.each<[string, Options, RegExp]>([
    ["a kernel that is locked down", { lockdown: "confidentiality" }, /locked down \(confidentiality\)/],
    ["an Arm processor that the type did not show", { architecture: "arm64" }, /its processor is aarch64/],
    ["a program that is missing", { files: {} }, /there is no \/opt\/forensics\/avml/],
    [
      "a program that is another",
      { files: { [AVML]: new Uint8Array([1]) } },
      /SHA-256 is 4bf5122f[0-9a-f]+, not [0-9a-f]{64}: it was not run/,
    ],
    ["a host without curl", { missingPrograms: ["curl"] }, /it has no curl/],
    ["a full disk", { isDiskFull: true }, /no space left on device/],
    ["no way to S3", { withoutS3: true }, /part 1 was not taken, HTTP 000/],
  ])("where there is %s", async (_name, options, reason) => {
    const lab = open(options);
    await lab.clock.run(async () => {
      await expect(collect(lab)).rejects.toMatchObject({
        code: "memory_not_captured",
        message: expect.stringMatching(reason),
      });
      expect(await lab.vault.list("")).toEqual([]);
    });
  });

  it("where the host is sealed while it sends", async () => {
    const lab = open({ memory: memoryOf(40 * MIB) });
    await lab.clock.run(async () => {
      const collecting = collect(lab, ({ phase }) => {
        if (phase !== "capturing") return;
        const group = createSecurityGroup(lab.place, {
          vpcId: lab.instance.vpcId,
          name: "nothing",
          description: "nothing",
        });
        lab.place.world.change(group, () => (group.rules = []));
        for (const each of interfacesOf(lab.place, lab.instance))
          lab.place.world.change(each, () => (each.groupIds = [group.id]));
      });
      await expect(collecting).rejects.toMatchObject({ code: "memory_not_captured" });
      expect(await lab.vault.list("")).toEqual([]);
    });
  }, 60_000);

  it.each<[string, Options, Partial<StepContext>, RegExp]>([
    ["the vault gives no links", {}, { vault: withoutLinks() }, /gives no links/],
    [
      "nobody put a program there",
      {},
      { settings: { purpose: "x", neverDeny: [] } },
      /no program that captures the memory of Linux is configured/,
    ],
    ["its type is an Arm one", { instanceType: "m7g.large" }, {}, /its processor is Arm/],
    ["no agent has ever reported", { worksAlready: false }, {}, /Systems Manager does not know it/],
  ])("is planned where %s", async (_name, options, given, reason) => {
    const lab = open(options, given);
    await lab.clock.run(async () => {
      const { item, left } = await planned(lab);
      expect(item).toBeUndefined();
      expect(left.map((each) => each.reason)).toEqual([expect.stringMatching(reason)]);
    });
  });

  it("is planned for a Mac", async () => {
    const lab = open();
    lab.managed.platformType = "MacOS";
    await lab.clock.run(async () => {
      expect((await planned(lab)).left[0]?.reason).toContain("macOS");
    });
  });
});

function withoutLinks(): StepContext["vault"] {
  const { signal } = new AbortController();
  const large = largeContent({ vault: memoryVault(), prefix: "cases/", attempt: 1, signal, hold: () => () => {} });
  return { put: () => Promise.reject(new Error("nothing")), large };
}
