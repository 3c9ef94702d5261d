import { CordonError } from "../core/errors.ts";

/** One page of a list, and where the next one begins. */
export interface Page<Item> {
  readonly items: readonly Item[] | undefined;
  /** Absent or empty on the last page. */
  readonly next: string | undefined;
}

/**
 * Reads a list to its end. A list that does not end within `mostPages` is refused: what it leaves out could be the very
 * thing that matters, and a service that gives the same page for ever must not hold a case.
 *
 * Being called off needs nothing here: every call of a `Sender` looks first.
 *
 * @throws CordonError `list_without_end`
 */
export async function allPages<Item>(
  { what, mostPages }: { readonly what: string; readonly mostPages: number },
  read: (token: string | undefined) => Promise<Page<Item>>,
): Promise<readonly Item[]> {
  const found: Item[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { items = [], next } = await read(token);
    found.push(...items);
    if (next === undefined || next === "") return found;
    token = next;
  }
  throw new CordonError("list_without_end", { what, pages: String(mostPages) });
}
