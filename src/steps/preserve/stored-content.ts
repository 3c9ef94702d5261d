import type { ArtifactDraft } from "../../core/artifact.ts";
import { expectThat, type Verification } from "../../core/step.ts";

/** Ok when the vault took one artifact and named its hash. Its content is what the vault's own verification reads again. */
export function expectStored(what: string, artifacts: readonly ArtifactDraft[]): Verification {
  const [artifact, ...more] = artifacts;
  const isStored = artifact !== undefined && artifact.sha256 !== null && more.length === 0;
  return expectThat(`${what} in the vault`, isStored, {
    expected: "one artifact with its hash",
    observed: artifacts.map(({ location, sha256 }) => `${location} sha256 ${sha256 ?? "unknown"}`),
  });
}
