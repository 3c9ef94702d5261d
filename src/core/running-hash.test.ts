import { expect, test } from "vitest";
import { runningHash } from "./running-hash.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("of nothing it is the SHA-256 of nothing", async () => {
  const hash = await runningHash();
  expect(hash.digest(null)).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

test("what comes in pieces, and through text, has the SHA-256 of the whole", async () => {
  const hash = await runningHash();
  const kept = JSON.parse(JSON.stringify(hash.extend(hash.extend(null, bytes("a")), bytes("b")))) as string;
  expect(hash.digest(hash.extend(kept, bytes("c")))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

test("a state goes on where it was, however often and whatever else is hashed meanwhile", async () => {
  const hash = await runningHash();
  const kept = hash.extend(null, bytes("ab"));
  hash.digest(hash.extend(null, bytes("something else that is longer than one block of sixty-four bytes, by far")));
  expect(hash.digest(kept)).toBe("fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603");
  expect(hash.digest(hash.extend(kept, bytes("c")))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});
