/** What manifests say that runs were made of, as a table of facts: a fact that differs is an input that differs. */
import type { Manifest } from '../manifest.ts'
import { nodeOf } from '../node.ts'

export interface Difference {
  readonly what: string
  readonly a: string
  readonly b: string
  /** Both as one text, where that says more: a unified diff, or a list. */
  readonly lines?: readonly string[]
}

type Fact = readonly [what: string, of: (manifest: Manifest) => string | number | boolean | undefined]

const option = (manifest: Manifest, name: string): string | undefined =>
  manifest.guest.qemu[manifest.guest.qemu.indexOf(name) + 1]

const short = (fingerprint: string): string => fingerprint.slice(0, 16)

/** The program's name and its words: where it stood in the guest says nothing. */
const argv = ({ workload }: Manifest) =>
  workload.argv.map((word, i) => (i === 0 ? word.replace(/^.*\//, '') : word)).join(' ')

const FACTS: readonly Fact[] = [
  ['experiment', ({ experiment }) => experiment],
  ['probes', ({ arm }) => arm.probes && (arm.probes.join(', ') || 'none')],
  ['kernel', ({ kernel: { name, release } }) => (name === release ? name : `${name} (${release})`)],
  ['kernel source', ({ kernel }) => kernel.source],
  ['kernel build', ({ kernel }) => short(kernel.fingerprint)],
  ['compat', ({ kernel }) => kernel.compat.join(', ') || 'none'],
  ['image', ({ image }) => `${image.name} ${short(image.fingerprint)}`],
  ['workload', argv],
  ['accelerator', ({ guest }) => guest.accel.accel],
  ['CPUs', (manifest) => option(manifest, '-smp')],
  ['memory', (manifest) => option(manifest, '-m')],
  ['clock source', ({ guest }) => guest.clocksource],
  ['kernel command line', (manifest) => option(manifest, '-append')],
  ['trace clock', ({ trace }) => trace.clock],
  ['trace buffer', ({ trace }) => trace.bufferBytes],
  ['overwrite', ({ trace }) => trace.overwrite],
  ['traced events', ({ tracedEvents }) => tracedEvents.join(', ') || 'none'],
  ['start', ({ plan }) => plan?.start],
  ['VMs at a time', ({ plan }) => plan?.parallel],
  ['host', (manifest) => nodeOf(manifest)],
  ['host CPU', ({ host }) => `${host.cpus} x ${host.cpu}`],
  ['host kernel', ({ host }) => host.kernel],
  ['QEMU', ({ host }) => /version (\S+)/.exec(host.tools?.['qemu-system-x86_64'] ?? '')?.[1]],
  ['Node', ({ host }) => host.node],
]

/** Of one manifest, or of all of a group: different values are next to one another. */
const valueIn = (manifests: readonly Manifest[], of: Fact[1]): string => {
  const values = manifests.map((manifest) => {
    const value = of(manifest)
    return value === undefined || value === '' ? '-' : String(value)
  })
  return [...new Set(values)].toSorted().join(' | ')
}

const names = (manifests: readonly Manifest[], of: (manifest: Manifest) => object): string[] => [
  ...new Set(manifests.flatMap((manifest) => Object.keys(of(manifest)))),
]

/** Facts that are not the same on both sides. */
export function factsThatDiffer(first: readonly Manifest[], second: readonly Manifest[]): Difference[] {
  const both = [...first, ...second]
  const facts: Fact[] = [
    ...FACTS,
    ...names(both, ({ arm }) => arm.params).map((name): Fact => [`parameter ${name}`, ({ arm }) => arm.params[name]]),
  ]
  return facts.flatMap(([what, of]) => {
    const [a, b] = [valueIn(first, of), valueIn(second, of)]
    return a === b ? [] : [{ what, a, b }]
  })
}

/**
 * Objects that were built from other inputs. @param why their inputs that differ, from two whole fingerprints;
 * undefined where nobody knows
 */
export function buildsThatDiffer(
  first: readonly Manifest[],
  second: readonly Manifest[],
  why: (a: string, b: string) => string[] | undefined,
): Difference[] {
  return names([...first, ...second], ({ objects }) => objects).flatMap((name): Difference[] => {
    const of: Fact[1] = ({ objects }) => objects[name]
    const [a, b] = [valueIn(first, of), valueIn(second, of)]
    if (a === b) return []
    const lines = why(a, b)
    return [{ what: `build of ${name}`, a: short(a), b: short(b), ...(lines ? { lines } : {}) }]
  })
}
