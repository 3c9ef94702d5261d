/** Makes folders whose names are on the disk when it returns. */
import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** A name that is not on the disk yet is lost with the power, and the file with it. */
export function flushFolder(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Makes a folder and those above it that are missing, each with this mode, and flushes the folder that got a new name.
 *
 * Not by `recursive`, which flushes nothing and never returns where the file system takes no folder (/proc/x).
 */
export function makeFolders(path: string, mode: number): void {
  if (isFolder(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolders(above, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process may have made it a moment ago. What is there and is no folder is refused.
    if ((error as NodeJS.ErrnoException).code === "EEXIST" && isFolder(path)) return;
    throw error;
  }
  flushFolder(above);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
