import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "dist/**", "test/**/fixtures/**"],
    // Processes: crash tests kill one another's children, and libsql's native code is safest with a process of its own.
    pool: "forks",
    // Nothing of ours keeps state in a module, and reading the SDK anew for each file took a third of the time.
    isolate: false,
    maxWorkers: "100%", // One core less would be one of two on small machines.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A test that passes the second time is a defect that nobody looks at.
    retry: 0,
    passWithNoTests: false,
    allowOnly: false,
  },
});
