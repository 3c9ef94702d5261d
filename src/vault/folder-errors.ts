/** What the file system says about the vault's folder, in the words of the catalogue of errors. */
import { CordonError } from "../core/errors.ts";

const reasons: Readonly<Record<string, string>> = {
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "the file system can only be read",
  ENOSPC: "there is no room left on the disk",
  EDQUOT: "your quota of the disk is used up",
  EFBIG: "the file would be longer than it may be",
  EIO: "the disk failed",
  EMFILE: "this process has too many files open",
  ENFILE: "this machine has too many files open",
};

/**
 * Does some work that writes to the vault's folder.
 *
 * @throws CordonError `vault_unwritable` for what a person can mend on this machine; anything else as it is
 */
export function inVaultWords<Result>(location: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const reason = reasons[(error as NodeJS.ErrnoException).code ?? ""];
    if (reason === undefined) throw error;
    throw new CordonError("vault_unwritable", { location, reason }, { cause: error });
  }
}
