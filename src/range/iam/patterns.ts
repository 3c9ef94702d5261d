/**
 * Whether text matches a pattern in which `*` is any text and `?` any one character, as in policies and EC2 filters.
 *
 * Without backtracking over more than the last star, so that a hostile pattern cannot take exponential time.
 */
export function matchesPattern(
  pattern: string,
  text: string,
  options: { readonly ignoreCase?: boolean } = {},
): boolean {
  if (options.ignoreCase) return matchesPattern(pattern.toLowerCase(), text.toLowerCase());
  let star = -1;
  let resume = 0;
  let at = 0;
  for (let index = 0; index < text.length;) {
    if (pattern[at] === "*") {
      star = at++;
      resume = index;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[index])) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++resume;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
