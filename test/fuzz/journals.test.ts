import { test } from "vitest";
import { expectTakenWell } from "./campaign.ts";
import { journals } from "./targets/journals.ts";

test("a journal that was tampered with ends in a verdict, or in an error that says so", { timeout: 600_000 }, () =>
  expectTakenWell(journals),
);
