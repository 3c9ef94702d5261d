import { expect, it } from "vitest";
import { covers, formatCidr, parseCidr, subtract } from "./cidr.ts";

const read = (text: string) => parseCidr(text)!;

it("reads and prints both families", () => {
  const texts = ["10.0.0.0/8", "198.51.100.7", "::/0", "::1", "2001:db8::/32", "2001:db8:0:1::5", "1:2:3:4:5:6:7:8"];
  expect(texts.map((text) => formatCidr(read(text)))).toEqual(texts);
});

it("reads nothing else", () => {
  expect(["", "sg-1", "pl-1", "10.0.0.0/33", "10.0.0", "10.0.0.256", "1::2::3", "g::"].map(parseCidr)).toEqual([
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
});

it("takes a block out of another", () => {
  expect(subtract(read("10.0.0.0/30"), read("10.0.0.2")).map(formatCidr)).toEqual(["10.0.0.0/31", "10.0.0.3"]);
  expect(subtract(read("10.0.0.0/30"), read("0.0.0.0/0"))).toEqual([]);
  expect(subtract(read("10.0.0.0/30"), read("::/0")).map(formatCidr)).toEqual(["10.0.0.0/30"]);
});

it("never covers an address of the other family", () => {
  expect(covers(read("0.0.0.0/0"), read("::1"))).toBe(false);
});
