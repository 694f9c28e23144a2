/**
 * Selftests of a kernel's tree (tools/testing/selftests): what a directory's Makefile lists, which options its `config`
 * asks for, and the script that runs all of its tests. Text in, facts out; the flags and rules are the tree's own.
 */

/** Where they are in a tree. */
export const SELFTESTS = 'tools/testing/selftests'

/** The lists of lib.mk: what is run, what is built, and what has to be beside it. */
const LISTS = [
  'TEST_PROGS',
  'TEST_PROGS_EXTENDED',
  'TEST_FILES',
  'TEST_GEN_PROGS',
  'TEST_CUSTOM_PROGS',
  'TEST_GEN_PROGS_EXTENDED',
  'TEST_GEN_FILES',
] as const

export type SelftestLists = Readonly<Record<(typeof LISTS)[number], readonly string[]>>

const TARGET = 'lab-lists'

/** For make's command line: prints the lists as the Makefile has them in the end, and makes nothing. */
export const LISTING: readonly string[] = [
  `--eval=${TARGET}:;$(foreach list,${LISTS.join(' ')},$(info ${TARGET} $(list) $($(list))))@:`,
  TARGET,
]

/**
 * The lists in what make printed. A word that is an absolute path below the tests' directory is made relative to it;
 * one that leads out of it is left out.
 */
export function listsOf(output: string, dir: string): SelftestLists {
  const relative = (word: string): string[] => {
    const path = (word.startsWith(`${dir}/`) ? word.slice(dir.length + 1) : word)
      .replace(/^\.\//, '')
      .replace(/\/$/, '')
    return path === '' || path.startsWith('/') || path.split('/').includes('..') ? [] : [path]
  }
  const lists = new Map<string, string[]>()
  for (const line of output.split('\n')) {
    const [target, list = '', ...words] = line.trim().split(/\s+/)
    if (target === TARGET) lists.set(list, [...new Set(words.flatMap(relative))])
  }
  return Object.fromEntries(LISTS.map((list) => [list, lists.get(list) ?? []])) as unknown as SelftestLists
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** What `make run_tests` runs, in its order. */
export const testsIn = (lists: SelftestLists): string[] => [
  ...lists.TEST_GEN_PROGS,
  ...lists.TEST_CUSTOM_PROGS,
  ...lists.TEST_PROGS,
]

/** Every program that can be asked for by its name. */
export const programsIn = (lists: SelftestLists): string[] => [
  ...testsIn(lists),
  ...lists.TEST_GEN_PROGS_EXTENDED,
  ...lists.TEST_PROGS_EXTENDED,
]

/** The path of one program among them; undefined where there is none of that name. */
export const programNamed = (lists: SelftestLists, name: string): string | undefined =>
  programsIn(lists).find((path) => lastPart(path) === name)

/** Whether a program is compiled, or lies in the tree as it is. */
export const isMade = (lists: SelftestLists, path: string): boolean =>
  [lists.TEST_GEN_PROGS, lists.TEST_CUSTOM_PROGS, lists.TEST_GEN_PROGS_EXTENDED].some((list) => list.includes(path))

/** Files that are taken along as they are: scripts, and what the tests read. */
export const filesBeside = (lists: SelftestLists): string[] => [
  ...lists.TEST_PROGS,
  ...lists.TEST_PROGS_EXTENDED,
  ...lists.TEST_FILES,
]

/**
 * Options of a selftest's `config` that a kernel does not have: as y where it asks for a module, as the lab's guests
 * load no modules by themselves. Values that are no y and no m are compared as they are.
 */
export function missingOptions(wanted: string, config: ReadonlyMap<string, string>): Map<string, string> {
  const missing = new Map<string, string>()
  for (const line of wanted.split('\n')) {
    const [, name, value] = /^CONFIG_(\w+)=(\S+)$/.exec(line.trim()) ?? []
    if (name === undefined || value === undefined || value === 'n') continue
    const has = config.get(name)
    const met = value === 'y' ? has === 'y' : value === 'm' ? has === 'y' || has === 'm' : has === value
    if (!met) missing.set(name, value === 'm' ? 'y' : value)
  }
  return missing
}

/**
 * The script that runs all tests of a directory by the tree's own kselftest/runner.sh, which is beside it. The runner
 * opens /dev/stdout again for each test: in a pipe nothing is written over.
 */
export const runAll = (dir: string, tests: readonly string[]): string => `#!/bin/sh
BASE_DIR=$(cd "$(dirname "$0")" && pwd)
export BASE_DIR
. "$BASE_DIR/kselftest/runner.sh"
cd "$BASE_DIR/${dir}" && run_many ${tests.join(' ')} | cat
`
