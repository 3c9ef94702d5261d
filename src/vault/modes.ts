/** Evidence is for its owner alone: memory and disks hold what others must not read. */
export const MODES = { folder: 0o700, file: 0o400, upload: 0o600 } as const;
