/** Reads the files that AWS's programs share (`~/.aws/config`, `~/.aws/credentials`) before the first call of a process. */
import { loadSharedConfigFiles } from "@smithy/core/config";

let read: Promise<void> | undefined;

/**
 * Resolves when the SDK has the shared files in its memory. A file that is missing or cannot be read is no failure here: the
 * SDK reports it if it needs the file.
 *
 * The SDK reads them within its first calls. How many of these wait for the disk depends on the disk, and so would their order:
 * two drills with one seed would differ.
 */
export function sharedFilesRead(): Promise<void> {
  return (read ??= readOnce());
}

async function readOnce(): Promise<void> {
  try {
    await loadSharedConfigFiles();
  } catch {
    // The call that needs the file says what is wrong with it.
  }
}
