import { defineConfig } from 'vitest/config'

/** Three kinds of test: pure code, the whole program with fake tools, and the whole program with real VMs. */
export default defineConfig({
  test: {
    // `npm run coverage`: of the unit tests; production files that none of them loads are listed with 0.
    coverage: {
      provider: 'v8',
      reportOnFailure: true,
      include: ['tasks/**/*.ts'],
      exclude: ['tasks/test/**', 'tasks/**/*.test.ts', 'tasks/**/*.fixture.ts'],
      reporter: ['text-summary', 'json-summary', 'html'],
      reportsDirectory: '.lab/coverage',
    },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['tasks/**/*.test.ts'],
          exclude: ['tasks/**/*.{cli,vm}.test.ts', '**/node_modules/**'],
          testTimeout: 20_000,
        },
      },
      { test: { name: 'cli', include: ['tasks/**/*.cli.test.ts'], testTimeout: 120_000 } },
      // One VM at a time: two cores are one guest's worth.
      {
        test: {
          name: 'vm',
          include: ['tasks/**/*.vm.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 3_600_000,
          fileParallelism: false,
          bail: 0,
        },
      },
    ],
  },
})
