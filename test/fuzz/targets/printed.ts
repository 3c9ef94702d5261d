import { explain } from "../../../src/cli/failure.ts";
import { tableLines } from "../../../src/cli/output.ts";
import { brief, printable as shown } from "../../../src/cli/render/story.ts";
import { CordonError } from "../../../src/core/errors.ts";
import { isPrintable, printable } from "../../../src/intake/printable.ts";
import type { FuzzTarget } from "../campaign.ts";
import { mutateBytes, oneOf } from "../mutate-text.ts";

/** Names and texts that an intruder may have chosen. */
const texts: readonly string[] = [
  "web-1",
  "\u001b[2J\u001b[1;1Hcontained",
  "\u001b]0;title\u0007",
  "\u009b31mred",
  "evil\u202egnp.exe",
  "\u2066hidden\u2069",
  "a\u2028b\u2029c",
  "<script>alert(1)</script> <!channel> @here",
  "müller \u{1f600} 漢字",
  "one\r\ntwo\ttabs",
];

/** Text from outside on its way to a terminal. */
export const printed: FuzzTarget = {
  name: "printed",
  async prepare() {
    const corpus = texts.map((text) => Buffer.from(text));
    return (random) => mutateBytes(random, oneOf(random, corpus), corpus);
  },
  feed(input) {
    const text = input.toString("utf8");
    const error = new CordonError("input_invalid", { what: text, reason: text, command: text });
    const lines = [
      printable(text),
      shown(text),
      brief(text),
      brief([text, { [text]: text }]),
      ...tableLines(["name"], [[text]]),
      ...explain(error).lines,
      ...explain(new Error(text)).lines,
    ];
    const obeyed = lines.find((line) => !isPrintable(line));
    if (obeyed !== undefined) throw new Error(`a terminal would obey ${JSON.stringify(obeyed.slice(0, 200))}`);
  },
};
