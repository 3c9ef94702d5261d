import { gunzipSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { packBlock, packEmpty, padding } from "../../src/steps/preserve/disk-image-packing.ts";

it("pads with members that unpack to nothing, as many bytes as are asked for, of 26 or more", () => {
  const sizes = [1, 26, 27, 65_556, 65_557, 65_558, 65_582, 65_583, 65_584, 131_114, 131_115, 1_000_000, 8_388_608];
  expect(sizes.map((bytes) => padding(bytes).length)).toEqual([26, ...sizes.slice(1)]);
  const text = gzipSync("disk");
  for (const bytes of sizes) {
    expect(gunzipSync(Buffer.concat([text, padding(bytes), text])).toString()).toBe("diskdisk");
  }
});

it("packs a block, and empty ones to a thousandth", () => {
  const block = new Uint8Array(524_288).map((_, at) => at % 251);
  expect(gunzipSync(packBlock(block)).equals(block)).toBe(true);
  expect(packEmpty(32).length).toBeLessThan(17_000);
  expect(gunzipSync(packEmpty(32)).length).toBe(16_777_216);
  expect(gunzipSync(packEmpty(1)).equals(Buffer.alloc(524_288))).toBe(true);
});
