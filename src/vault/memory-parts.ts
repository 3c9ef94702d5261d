import {
  type ContentInParts,
  type Laid,
  PART_LIMITS,
  requirePart,
  requirePartBytes,
  requireWhole,
  type Upload,
  UploadGone,
} from "../core/content-in-parts.ts";
import { requireVaultKey } from "../core/vault.ts";

interface OpenUpload {
  readonly upload: Upload;
  readonly parts: Map<number, Uint8Array>;
}

/** Uploads of a vault in memory: it holds what it is given, as everything else. */
export function memoryParts(
  contents: Map<string, Uint8Array>,
  lay: (key: string, content: Uint8Array) => Laid,
): ContentInParts {
  const uploads = new Map<string, OpenUpload>();
  const completed = new Map<string, string>();
  let opened = 0;
  const find = ({ id, key }: Pick<Upload, "id" | "key">): OpenUpload => {
    const found = uploads.get(id);
    if (found?.upload.key !== key) throw new UploadGone({ key });
    return found;
  };
  const arrivedOf = ({ parts }: OpenUpload) =>
    [...parts]
      .map(([number, { length }]) => ({ number, bytes: length }))
      .sort((one, other) => one.number - other.number);
  return {
    limits: PART_LIMITS,
    links: null,
    async open(key, { partBytes }, options) {
      options?.signal?.throwIfAborted();
      requireVaultKey(key);
      requirePartBytes(partBytes);
      const upload = { key, id: `upload-${++opened}`, partBytes };
      uploads.set(upload.id, { upload, parts: new Map() });
      return upload;
    },
    async putPart(upload, number, content, options) {
      options?.signal?.throwIfAborted();
      requirePart(upload, number, content.length);
      find(upload).parts.set(number, Uint8Array.from(content));
    },
    arrived: async (upload) => arrivedOf(find(upload)),
    async complete(upload, count, options) {
      options?.signal?.throwIfAborted();
      const { key, id } = upload;
      const present = contents.get(key);
      if (completed.get(id) === key && present !== undefined) return lay(key, present);
      const found = find(upload);
      requireWhole(upload, arrivedOf(found), count);
      if (present !== undefined) throw new Error(`${key} holds other content already`);
      const parts = Array.from({ length: count }, (_, at) => found.parts.get(at + 1) ?? new Uint8Array());
      const laid = lay(key, new Uint8Array(Buffer.concat(parts)));
      uploads.delete(id);
      completed.set(id, key);
      return laid;
    },
    abandon: async ({ id }) => void uploads.delete(id),
    unfinished: async (prefix) =>
      [...uploads.values()].map(({ upload: { key, id } }) => ({ key, id })).filter(({ key }) => key.startsWith(prefix)),
  };
}
