import { defineConfig } from "vitest/config";

const built = ["tests/cli/**/*.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "sources",
          include: ["tests/**/*.test.ts"],
          exclude: built,
          globalSetup: "tests/data/setup/worker.ts",
        },
      },
      // These run the bundled program, which is made once before them.
      {
        extends: true,
        test: { name: "program", include: built, globalSetup: "tests/cli/setup/bundle.ts", testTimeout: 300_000 },
      },
    ],
  },
});
