/** What a manifest says of a kernel that reported bugs and of tests that were run, and the same in words. */
import { printable } from '../engine/printable.ts'
import { resultsText } from '../linux/ktap/ktap.ts'
import { SPLAT_KINDS } from '../linux/splats/kinds.ts'
import type { RunSplat, RunTests } from './manifest.ts'

/** "a WARNING in demo_check [demo] (dmesg line 412, 9.25 s after boot, before the run)". */
export function splatPlace({ kind, function: name, module, file, line, at, when }: RunSplat): string {
  const where = [
    file === 'kernel.tainted' ? '/proc/sys/kernel/tainted' : `${file} line ${line ?? '?'}`,
    ...(at === null ? [] : [`${at} s after boot`]),
    ...(when === 'before' ? ['before the run'] : []),
  ]
  const title = Object.hasOwn(SPLAT_KINDS, kind) ? SPLAT_KINDS[kind as keyof typeof SPLAT_KINDS].title : kind
  const what = `${title}${name === null ? '' : ` in ${name}${module === null ? '' : ` [${module}]`}`}`
  return `${what} (${where.join(', ')})`
}

/** The entry of `allow:` that lets a splat pass. */
export const allowEntry = ({ kind, function: name }: RunSplat): string =>
  name === null ? kind : `{ ${kind}: ${name} }`

/** Lines of a report below its title. */
const REPORT_LINES = 4

/** What the kernel reported: what made the run fail first, then what the experiment allows. */
export function splatLines({
  run,
  splats = [],
}: {
  readonly run: string
  readonly splats?: readonly RunSplat[]
}): string[] {
  const bad = splats.filter(({ allowed }) => !allowed)
  const [first] = bad
  return [
    ...bad.flatMap((splat) => [
      `the kernel reported ${printable(splatPlace(splat), 200)}`,
      ...splat.lines.slice(0, REPORT_LINES).map((line) => `    ${printable(line.trimEnd(), 160)}`),
    ]),
    ...(first
      ? [`\`lab explain ${run}\` says what it means; \`allow: [${printable(allowEntry(first), 120)}]\` lets it pass`]
      : []),
    ...splats.filter(({ allowed }) => allowed).map((splat) => `allowed: ${printable(splatPlace(splat), 200)}`),
  ]
}

/** What tests said that the workload or the kernel printed. */
export const testLines = ({ tests = [] }: { readonly tests?: readonly RunTests[] }): string[] =>
  tests.flatMap((test) => [
    `${test.form} in ${test.file}: ${printable(resultsText(test), 300)}`,
    ...(test.said ?? []).map((line) => `    ${printable(line, 160)}`),
  ])
