import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { buildCordon, runCordon } from "../foreign/processes.ts";

beforeAll(() => buildCordon(), 60_000);

it("commands that start at once on a fresh store wait for one another", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cordon-together-"));
  try {
    const ended = await Promise.all(Array.from({ length: 8 }, () => runCordon(["cases", "ls", "-o", "json"], folder)));
    expect(ended.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      Array.from({ length: 8 }, () => ({ code: 0, stderr: "" })),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
