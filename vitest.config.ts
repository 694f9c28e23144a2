import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './tasks/test/longest-first.ts'

/** Vitest leaves one core to itself, which on two cores is half of the machine. */
const WORKERS = Math.max(2, availableParallelism() - 1)

/** `expect.poll` waits for a second by default; a loaded machine needs more. Ends before the limit of a unit test. */
const POLL = { poll: { timeout: 50_000 } }

/** Three kinds of test: pure code, the whole program with fake tools, and the whole program with real VMs. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
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
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: POLL,
          maxWorkers: WORKERS,
        },
      },
      {
        test: {
          name: 'cli',
          include: ['tasks/**/*.cli.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect: POLL,
          maxWorkers: WORKERS,
        },
      },
      // Two files at a time, after the others: QEMU before 8.1 emulates all CPUs of a guest in one thread
      // (host/qemu.ts), so a guest takes one core. Each file has a lab of its own; the cache that they share has locks.
      {
        test: {
          name: 'vm',
          include: ['tasks/**/*.vm.test.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 3_600_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          bail: 0,
        },
      },
    ],
  },
})
