import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The clone's own folder. */
export const projectRoot = fileURLToPath(new URL("../../", import.meta.url));

/** Every TypeScript file under these folders of `root`, as paths relative to it, with `/`; a folder that is not there yet has none. */
export function typescriptFiles(root: string, folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => filesUnder(root, folder)).filter((path) => /\.tsx?$/.test(path));
}

function filesUnder(root: string, folder: string): readonly string[] {
  return entriesOf(join(root, folder)).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.name === "node_modules" || entry.name === "fixtures") return [];
    return entry.isDirectory() ? filesUnder(root, path) : [path];
  });
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
