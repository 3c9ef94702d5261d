import { test } from "vitest";
import { expectTakenWell } from "./campaign.ts";
import { answers } from "./targets/answers.ts";

test(
  "an answer of AWS is read, or refused with an error that says so, whatever is wrong in it",
  { timeout: 600_000 },
  () => expectTakenWell(answers),
);
