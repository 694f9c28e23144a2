/** The lines of lab.yaml, or of the probe, that would make a hook attachable. */
import type { ResolvedKernel } from '../../config/resolved.ts'
import { isPrebuilt, seriesOf } from '../../config/prebuilt.ts'
import type { Fix } from '../../linux/symbols/verdict.ts'

/** The kernel's part of the file, as far as the change needs it. */
type Declared = Pick<ResolvedKernel, 'name' | 'source' | 'expose' | 'parallelPaths'>

const listed = (names: readonly string[]): string => `[${names.join(', ')}]`

const exposed = ({
  function: name,
  file,
  as,
}: {
  function: string
  file?: string | undefined
  as: readonly string[]
}) => `- { function: ${name}, ${file === undefined ? '' : `file: ${file}, `}as: ${listed(as)} }`

const cloned = ({ suffix, entry, file, functions }: ResolvedKernel['parallelPaths'][number]): string =>
  `- { suffix: ${suffix}, entry: ${entry}, ${file === undefined ? '' : `file: ${file}, `}functions: ${listed(functions)} }`

/** Suffix of a path that is proposed; one that is not taken. */
function freeSuffix({ parallelPaths }: Declared): string {
  const taken = new Set(parallelPaths.map(({ suffix }) => suffix))
  return ['lab', 'lab2', 'lab3'].find((name) => !taken.has(name)) ?? 'probe'
}

/** The lines before a key: of the kernel itself, or, where that is prebuilt, of one that is built instead. */
function headOf({ name, source }: Declared): string[] {
  if (!isPrebuilt(source)) return ['kernels:', `  ${name}:`]
  const packaged = `linux-source-${seriesOf(source)}`
  return [
    'needs a kernel that is built:',
    'kernels:',
    `  ${name}-built:`,
    `    source: { package: ${packaged}, ... }   # \`lab kernels add ${packaged}\` writes it`,
    '    config: [lab:base, lab:guest, lab:tracing]',
  ]
}

/** A key of a kernel in lab.yaml. Lists hold what is there already, since a list replaces the one before. */
const keyOf = (kernel: Declared, key: string, lines: readonly string[]): string[] => [
  ...headOf(kernel),
  ...(lines.length === 1 && !lines[0]?.startsWith('- ')
    ? [`    ${key}: ${lines[0] ?? ''}`]
    : [`    ${key}:`, ...lines.map((line) => `      ${line}`)]),
]

/**
 * What all options of a verdict come to (with `debug: btf` where they need it, too), then each other change by itself;
 * every element is one way.
 */
export function waysOut(fixes: readonly Fix[], kernel: Declared): string[][] {
  const options = fixes.filter((fix) => fix.change === 'option')
  const ways: string[][] = []
  const btf = fixes.some(({ change }) => change === 'btf')
  if (options.length > 0)
    ways.push([
      ...keyOf(kernel, 'options', [`{ ${options.map((option) => `${option.symbol}: ${option.value}`).join(', ')} }`]),
      // Both are needed: neither is a way by itself.
      ...(btf ? ['    debug: btf'] : []),
    ])
  for (const fix of fixes) {
    if (fix.change === 'modules') ways.unshift([`modules: ${listed(fix.names)}   # of the experiment`])
    else if (fix.change === 'btf') {
      if (options.length === 0) ways.push(keyOf(kernel, 'debug', ['btf']))
    } else if (fix.change === 'expose') {
      const added = { function: fix.function, file: fix.file, as: fix.as ?? ['noinline'] }
      ways.push(keyOf(kernel, 'expose', [...kernel.expose, added].map(exposed)))
    } else if (fix.change === 'clone') {
      const suffix = freeSuffix(kernel)
      const path = { suffix, entry: fix.entry, functions: [fix.function] }
      ways.push([
        ...keyOf(kernel, 'parallelPath', [...kernel.parallelPaths, path].map(cloned)),
        `and SEC("kprobe/${fix.function}_${suffix}")`,
      ])
    } else if (fix.change === 'hook') ways.push([fix.note === undefined ? fix.text : `${fix.text}   (${fix.note})`])
  }
  return ways
}
