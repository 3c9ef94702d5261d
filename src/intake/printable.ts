/** Controls, line and paragraph separators, and the marks that turn the direction of text around. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text from outside without what a terminal or a browser would obey instead of show.
 *
 * An intruder chooses names on his machine, and GuardDuty writes them into titles and descriptions.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, "");
}

/** Whether the text holds nothing but what can be shown. */
export function isPrintable(text: string): boolean {
  return printable(text) === text;
}
