/** `lab symbols <kernel> [pattern...]`: which functions and events a kernel has, and whether a probe can be on them. */
import { named } from '../config/open.ts'
import { EXIT, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import type { KernelFacts } from '../linux/symbols/facts.ts'
import { vmRequest } from '../build/artefacts.ts'
import { openKernel, type KernelView } from '../build/preflight/kernel.ts'
import { listSymbols, summary, type Listed } from '../build/preflight/symbols.ts'
import { factsInGuest } from '../build/preflight/running.ts'
import { waysText } from '../build/preflight/text.ts'
import { fitTable } from '../engine/fit-table.ts'
import { openVm, upVm } from '../vm/vm.ts'
import { openApp, type Session } from './shared/app.ts'
import { choicesOf } from './shared/choices.ts'
import { connectGuest } from './shared/guest.ts'
import { onlyWith } from './shared/exclusive.ts'
import { defineCommand, type OptionRow, type OptionsOf } from './command.ts'
import { ACCEL } from './shared/options.ts'
import { vmOf } from './shared/vm-name.ts'
import { path } from './shared/values.ts'

const OPTIONS = [
  ['--booted', 'ask the running kernel (of the VM that is up, or of one booted for this)'],
  ['--vm <name>', '--booted in this VM'],
  ACCEL,
  ['--source <dir>', 'the kernel as built from this tree instead of the declared source', path],
] as const satisfies readonly OptionRow[]

/** Rows of the table for people; --json has all. */
const MOST_ROWS = 400

/** Facts of the kernel as it runs: of the VM that is up with it, else of one that is booted for this. */
async function booted(session: Session, kernel: string, options: OptionsOf<typeof OPTIONS>): Promise<KernelFacts> {
  const { lab, places, context } = openApp(session)
  const name = vmOf(lab, options.vm)
  const up = await upVm(places, name)
  if (up?.state.kernel.name === kernel) {
    await using guest = await connectGuest(session, up)
    return await factsInGuest(guest, up.state.kernel.release, up.state.kernel.dir, context.signal)
  }
  const bootable = await vmRequest(lab, named(lab.vms, 'vm', name), { ...choicesOf(options), kernel }, context)
  await using vm = await openVm(bootable, places, context)
  return await factsInGuest(vm.guest, vm.state.kernel.release, vm.state.kernel.dir, context.signal)
}

const rowOf = ({ name, type, verdict, where }: Listed): string[] => [
  printable(name, 80),
  type,
  where,
  verdict.kind,
  printable(verdict.fact, 200),
]

function listText(listed: readonly Listed[], width: number | undefined): string {
  const shown = listed.slice(0, MOST_ROWS)
  const columns = [
    { head: 'NAME', least: 16 },
    { head: 'TYPE', spare: 2 },
    { head: 'IN', spare: 1 },
    { head: 'PROBE' },
    { head: 'WHY', least: 16 },
  ]
  return [
    fitTable(columns, shown.map(rowOf), width),
    ...(listed.length > shown.length ? [`and ${listed.length - shown.length} more; --json has them all`] : []),
  ].join('\n')
}

/** Details and ways out of what cannot be probed, for a few names. */
const MOST_EXPLAINED = 8

function explainedText(listed: readonly Listed[]): string[] {
  const bad = listed.filter(({ verdict }) => verdict.attachable !== true)
  if (bad.length > MOST_EXPLAINED) return []
  return bad.flatMap(({ name, verdict, ways }) =>
    verdict.details.length + ways.length === 0
      ? []
      : [
          '',
          `${printable(name, 80)}: ${printable(verdict.fact, 300)}`,
          ...verdict.details.map((line) => `  ${printable(line, 400)}`),
          ...waysText(ways, '  '),
        ],
  )
}

const dataOf = ({ name, type, where, address, verdict, ways }: Listed) => ({
  name,
  type,
  in: where,
  kind: verdict.kind,
  attachable: verdict.attachable ?? null,
  fact: verdict.fact,
  details: verdict.details,
  ways,
  ...(address !== undefined && { address: `0xffffffff${address.toString(16).padStart(8, '0')}` }),
})

const stateText = ({ state, note, facts }: KernelView, running: KernelFacts | undefined): string[] =>
  running
    ? [`as it runs: kallsyms, available_filter_functions and kprobes/blacklist of ${running.release}`]
    : [state === 'built' ? `read from the vmlinux of ${facts?.release ?? ''}` : (note ?? '')]

export const command = defineCommand({
  usage: 'symbols <kernel> [names...]',
  about:
    'show whether functions, group:event or patterns with * can be probed, and if not, why; before the kernel boots, or while it runs',
  options: OPTIONS,
  work: async (session, [name, patterns], options) => {
    onlyWith(options, 'booted', ['vm', 'accel'])
    const { lab, context, view } = openApp(session)
    const kernel = named(lab.kernels, 'kernel', name)
    const { source } = options
    const running = options.booted === true ? await booted(session, kernel.name, options) : undefined
    const opened = await openKernel(kernel, context, source)
    const seen: KernelView = running
      ? { ...opened, facts: running, config: running.config, state: 'built', note: undefined }
      : opened
    if (!seen.facts && patterns.length === 0)
      throw userError({
        place: `kernel ${kernel.name}`,
        fact: seen.note ?? 'it is not built',
        wayOut: `\`lab build kernel ${kernel.name}\` builds it; or name functions, and its source is looked at`,
      })
    if (seen.facts && patterns.length === 0) {
      const counts = summary(seen.facts)
      return {
        text: [
          ...stateText(seen, running),
          ...counts.map(([kind, count]) => `${String(count).padStart(7)}  ${kind}`),
        ].join('\n'),
        data: { kernel: kernel.name, from: seen.facts.from, counts: Object.fromEntries(counts) },
      }
    }
    const listed = await listSymbols(patterns, seen)
    return {
      text: [...stateText(seen, running), listText(listed, view.width), ...explainedText(listed)].join('\n'),
      data: {
        kernel: kernel.name,
        state: opened.state,
        from: seen.facts?.from ?? 'source',
        symbols: listed.map(dataOf),
      },
      status: listed.every(({ verdict }) => verdict.kind === 'unknown name' || verdict.kind === 'absent')
        ? EXIT.user
        : EXIT.done,
    }
  },
})
