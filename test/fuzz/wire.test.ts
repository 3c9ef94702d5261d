import { test } from "vitest";
import { expectTakenWell } from "./campaign.ts";
import { chunks } from "./targets/chunks.ts";
import { printed } from "./targets/printed.ts";
import { requests } from "./targets/requests.ts";

const timeout = 600_000;

test("the range answers any request in AWS's form, and does not break over one", { timeout }, () =>
  expectTakenWell(requests),
);

test("a body in chunks is unwrapped, or refused as S3 refuses it", { timeout }, () => expectTakenWell(chunks));

test("nothing that a terminal would obey comes through what is printed", { timeout }, () => expectTakenWell(printed));
