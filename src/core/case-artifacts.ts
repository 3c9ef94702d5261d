import type { Artifact } from "./artifact.ts";
import type { Happening } from "./journal.ts";

/** The artifact as a case knows it, from the event that speaks of it. */
export function artifactOf({
  type: _type,
  artifact,
  readAt,
  lock,
  ...rest
}: Extract<Happening, { type: "artifact.stored" }>): Artifact {
  return { ...rest, id: artifact, readAt: Date.parse(readAt), lock: lock as Artifact["lock"] };
}
