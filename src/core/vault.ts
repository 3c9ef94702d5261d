/** Where evidence lies. What was put there is never written again. */
export interface Vault {
  /**
   * Stores content under a key such as `cases/<account>/<region>/<instance>/<case>/assessment/1.json`.
   * Putting the same content again is the same; other content under a known key throws.
   */
  put(key: string, content: Uint8Array): Promise<{ readonly location: string; readonly sha256: string }>;
}
