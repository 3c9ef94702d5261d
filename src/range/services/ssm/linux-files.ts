import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Exit, Invoked, Programs } from "./shell.ts";

/** The value of an option such as `-c 17`, `-c17` or `-c +17`. */
function option(argv: readonly string[], name: string): string | null {
  const at = argv.findIndex((word) => word.startsWith(name));
  if (at < 0) return null;
  const attached = (argv[at] ?? "").slice(name.length);
  return attached === "" ? (argv[at + 1] ?? null) : attached;
}

/** The last word that is no option: the file, or null for standard input. */
function operand({ argv }: Invoked, takesValue: readonly string[] = []): string | null {
  const words = argv.slice(1);
  const rest = words.filter((word, index) => !word.startsWith("-") && !takesValue.includes(words[index - 1] ?? ""));
  return rest.at(-1) ?? null;
}

function contentOf(invoked: Invoked, takesValue: readonly string[] = []): Uint8Array | null {
  const file = operand(invoked, takesValue);
  return file === null ? invoked.stdin : (invoked.host.files.get(file) ?? null);
}

function missing({ argv }: Invoked, file: string | null): Exit {
  return { out: "", err: `${argv[0]}: ${file ?? "-"}: No such file or directory\n`, code: 1 };
}

/** Programs that read files and what is piped into them, byte for byte. */
export const linuxFilePrograms: Programs = {
  cat: (invoked) => {
    const content = contentOf(invoked);
    return content ? { out: content } : missing(invoked, operand(invoked));
  },
  echo: ({ argv }) => ({ out: `${argv.slice(1).join(" ")}\n` }),
  head: (invoked) => {
    const content = contentOf(invoked, ["-c"]);
    return content
      ? { out: content.subarray(0, Number(option(invoked.argv, "-c") ?? 0)) }
      : missing(invoked, operand(invoked, ["-c"]));
  },
  tail: (invoked) => {
    const content = contentOf(invoked, ["-c"]);
    const from = Number((option(invoked.argv, "-c") ?? "+1").replace("+", ""));
    return content ? { out: content.subarray(from - 1) } : missing(invoked, operand(invoked, ["-c"]));
  },
  gzip: (invoked) => {
    const content = contentOf(invoked);
    return content ? { out: gzipSync(content) } : missing(invoked, operand(invoked));
  },
  base64: (invoked) => {
    const content = contentOf(invoked, ["-w"]);
    return content ? { out: Buffer.from(content).toString("base64") } : missing(invoked, operand(invoked, ["-w"]));
  },
  sha256sum: (invoked) => {
    const content = contentOf(invoked);
    if (!content) return missing(invoked, operand(invoked));
    return { out: `${createHash("sha256").update(content).digest("hex")}  ${operand(invoked) ?? "-"}\n` };
  },
  wc: (invoked) => {
    const content = contentOf(invoked);
    return content ? { out: `${content.length}\n` } : missing(invoked, operand(invoked));
  },
  // Every line of every file under some folders, with the file's name before it.
  grep: ({ argv, host }) => {
    const folders = argv.filter((word) => word.startsWith("/"));
    const found = [...host.files].filter(([path]) =>
      folders.some((each) => path === each || path.startsWith(`${each}/`)),
    );
    const lines = found.flatMap(([path, content]) =>
      Buffer.from(content)
        .toString()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => `${path}:${line}\n`),
    );
    return { out: lines.join(""), code: lines.length > 0 ? 0 : 1 };
  },
};
