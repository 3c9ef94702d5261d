/** What a script that captures memory says that it will do: the values of its variables, and the links in it. */
export interface CaptureScript {
  readonly isWindows: boolean;
  /** Where the program lies; empty when it is fetched. */
  readonly binary: string;
  readonly fetch: string;
  readonly sha256: string;
  readonly partBytes: number;
  readonly folder: string;
  /** The first line is an address, the others signatures. */
  readonly links: readonly string[];
  /** Programs that it looks for before it does anything. */
  readonly needs: readonly string[];
}

const MIB = 1024 * 1024;

/** Reads a script that streams the memory to links; null for any other. */
export function readCapture(lines: readonly string[]): CaptureScript | null {
  const text = lines.join("\n");
  if (text.includes("--source /proc/kcore")) return readLinux(text);
  if (text.includes("$program = ") && text.includes("memory.raw")) return readWindows(text);
  return null;
}

function readLinux(text: string): CaptureScript {
  const value = (name: string): string => new RegExp(`^${name}='?([^'\n]*)'?$`, "m").exec(text)?.[1] ?? "";
  return {
    isWindows: false,
    binary: value("BINARY"),
    fetch: value("FETCH"),
    sha256: value("SHA256"),
    partBytes: Number(value("PART_MIB")) * MIB,
    folder: value("FOLDER"),
    links: linksIn(text),
    needs: (/^for program in (.*); do$/m.exec(text)?.[1] ?? "").split(" "),
  };
}

function readWindows(text: string): CaptureScript {
  const value = (name: string): string => new RegExp(`^\\s*\\$${name} = '?([^'\n]*)'?$`, "m").exec(text)?.[1] ?? "";
  return {
    isWindows: true,
    binary: value("binary"),
    fetch: value("fetch"),
    sha256: value("sha256"),
    partBytes: Number.parseInt(value("partBytes"), 10) * MIB,
    folder: value("folder"),
    links: linksIn(text),
    needs: [],
  };
}

/** Fresh links for a capture that goes on; null for any other script. */
export function readRenewal(
  lines: readonly string[],
): { readonly folder: string; readonly links: readonly string[] } | null {
  const text = lines.join("\n");
  const moves = /^mv "\$FOLDER\/fresh" "\$FOLDER\/links"$/m.test(text) || /^Move-Item -Force .*links"$/m.test(text);
  const [, folder] = /^(?:FOLDER=|\$folder = )'([^']+)'$/m.exec(text) ?? [];
  return moves && folder !== undefined ? { folder, links: linksIn(text) } : null;
}

function linksIn(text: string): readonly string[] {
  const [, document = ""] = /(?:<< 'END_OF_LINKS'|@')\n([\s\S]*?)\n(?:END_OF_LINKS|'@)(?:\n|$)/.exec(text) ?? [];
  return document.split("\n");
}
