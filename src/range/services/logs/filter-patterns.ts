import { invalid } from "./streams.ts";

/** A field that is only named, or that must be, or must not be, one word. */
const FIELD = /^\w+(?:\s*(!?=)\s*(?:"([^"*]*)"|([\w.:/-]+)))?$/;

/**
 * What a filter pattern lets through. The range knows the empty one and those for space-delimited events, as far as they ask
 * for words: `[a, b != "REJECT", c = 6]`. The others are refused.
 *
 * An event without as many fields as the pattern names does not match.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
 */
export function matcherOf(pattern: string): (message: string) => boolean {
  if (pattern === "") return () => true;
  const [, inside] = /^\s*\[([^[\]]+)\]\s*$/.exec(pattern) ?? [];
  const fields = inside?.split(",").map((field) => FIELD.exec(field.trim()));
  if (fields === undefined || fields.includes(null))
    throw invalid("The range does not know this filter pattern.", "FilterLogEvents");
  return (message) => {
    const words = message.trim().split(/\s+/);
    return (
      words.length === fields.length &&
      fields.every((field, index) => {
        const [, sign, quoted, bare] = field ?? [];
        return sign === undefined || (words[index] === (quoted ?? bare)) === (sign === "=");
      })
    );
  };
}
