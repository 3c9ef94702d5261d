import { z } from "zod";
import type { MemoryTool, Settings } from "../core/settings.ts";

const sha256 = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, "expected a SHA-256 in 64 hexadecimal digits")
  .describe("Of the program. Another is not run.");

/** Nothing that a shell would read as more than a name. */
const key = z
  .string()
  .max(512)
  .regex(/^[\w.-]+(\/[\w.-]+)*$/, "expected a key such as tools/avml")
  .optional()
  .describe("Where the program lies in the vault's bucket, behind the vault's prefix; the instance fetches it.");

const tool = (path: z.ZodString) =>
  z
    .strictObject({ path: path.optional().describe("Where the program lies on every instance already."), key, sha256 })
    .refine(({ path: onHost, key: inVault }) => (onHost === undefined) !== (inVault === undefined), {
      error: "expected either path or key",
    });

/** The part of `cordon.yaml` that says with which programs memory is captured. */
export const memoryFile = z.strictObject({
  linux: tool(z.string().regex(/^(\/[\w.+-]+)+$/, "expected an absolute path such as /opt/forensics/avml"))
    .optional()
    .describe("AVML, for x86-64."),
  windows: tool(
    z.string().regex(/^[A-Za-z]:(\\[\w .+-]+)+$/, "expected an absolute path such as C:\\Forensics\\winpmem.exe"),
  )
    .optional()
    .describe("WinPmem's small imager, for x86-64."),
});

/** The settings that the file describes; null where it says nothing. */
export function memoryOf(file: z.infer<typeof memoryFile> | undefined): NonNullable<Settings["memory"]> | null {
  if (file === undefined) return null;
  return { linux: toolOf(file.linux), windows: toolOf(file.windows) };
}

function toolOf(file: z.infer<typeof memoryFile>["linux"]): MemoryTool | null {
  if (file === undefined) return null;
  const hash = file.sha256.toLowerCase();
  if (file.path !== undefined) return { from: "host", path: file.path, sha256: hash };
  return { from: "vault", key: file.key ?? "", sha256: hash };
}
