/**
 * Two built kernels: what went in, what came out, and, where the same inputs gave other bytes, where the first of them
 * is.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { named } from '../../config/open.ts'
import type { ResolvedLab } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { kernelFingerprint } from '../../build/kernel/identity.ts'
import { sectionBytes, sectionTable, type Read, type SectionHeader } from '../../linux/objects/elf.ts'
import type { Difference } from './facts.ts'
import { filesThatDiffer } from './files.ts'

export const KERNEL = /^kernel:(.*)$/s

export interface KernelSide {
  readonly label: string
  /** The entry of the store; undefined where it is not built. */
  readonly dir: string
}

export interface KernelsCompared {
  readonly kernels: readonly [KernelSide, KernelSide]
  readonly differences: readonly Difference[]
  /** Everything of both is the same, bit for bit. */
  readonly same: boolean
}

const ENTRY = 'inputs.json'
const FINGERPRINT = /^[0-9a-f]{6,64}$/

/** What of an entry says something; the log and the headers follow from the rest. */
const TEXTS = ['release', ENTRY, 'compat.json', 'config', 'patch.diff']

const label = (name: string, dir: string): string => {
  const release = existsSync(join(dir, 'release')) ? ` (${readFileSync(join(dir, 'release'), 'utf8').trim()})` : ''
  return `${name}${release} ${basename(dir).slice(0, 16)}`
}

/**
 * `kernel:NAME` of the lab, `kernel:FINGERPRINT` as results have it, or `kernel:DIR` with a build's files, from another
 * cache for example.
 * @throws a user's Failure for what is not built
 */
export async function kernelSide(asked: string, lab: () => ResolvedLab, context: Context): Promise<KernelSide> {
  const store = join(context.store.root, 'kernel')
  if (/[/.]/.test(asked) && existsSync(join(asked, ENTRY)))
    return { label: label(printable(asked, 60), asked), dir: resolve(asked) }
  if (FINGERPRINT.test(asked)) {
    const dir = join(store, asked.slice(0, 32))
    if (asked.length >= 32 && existsSync(dir)) return { label: label('kernel', dir), dir }
    const found = existsSync(store) ? readdirSync(store).filter((name) => name.startsWith(asked)) : []
    const [only] = found
    if (only !== undefined && found.length === 1)
      return { label: label('kernel', join(store, only)), dir: join(store, only) }
  }
  const kernel = named(lab().kernels, 'kernel', asked)
  const { fingerprint } = await kernelFingerprint(kernel, context)
  const dir = join(store, fingerprint.slice(0, 32))
  if (existsSync(dir)) return { label: label(asked, dir), dir }
  throw userError({ place: `kernel ${asked}`, fact: 'it is not built', wayOut: `lab build kernel ${asked}` })
}

/** `T name` of System.map, or the names of Module.symvers; addresses move with every change. */
function symbols(file: string): Set<string> {
  if (!existsSync(file)) return new Set()
  const exported = basename(file) === 'Module.symvers'
  return new Set(
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) =>
        line
          .split(/\s+/)
          .slice(1, exported ? 2 : 3)
          .join(' '),
      ),
  )
}

function symbolDifference(name: string, a: string, b: string): Difference[] {
  const [before, after] = [symbols(join(a, name)), symbols(join(b, name))]
  const lines = [
    ...[...before]
      .filter((line) => !after.has(line))
      .toSorted()
      .map((line) => `-${line}`),
    ...[...after]
      .filter((line) => !before.has(line))
      .toSorted()
      .map((line) => `+${line}`),
  ]
  const what = name === 'System.map' ? 'symbols (System.map)' : 'exported symbols (Module.symvers)'
  return lines.length === 0 ? [] : [{ what, a: String(before.size), b: String(after.size), lines }]
}

/** The symbol of System.map at or before an address: "linux_banner+0x10". */
function symbolAt(map: string, address: bigint): string {
  let [best, from] = ['', 0n]
  for (const line of map.split('\n')) {
    const at = BigInt(`0x${line.slice(0, 16) || '0'}`)
    if (at <= address && at >= from) [best, from] = [line.slice(19), at]
  }
  return `${best}+0x${(address - from).toString(16)}`
}

function firstByte(a: Buffer, b: Buffer): number {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return at
}

/**
 * The sections of a file by name, each read when it is asked for: a vmlinux with debug info has hundreds of megabytes.
 */
function sections(file: string) {
  const fd = openSync(file, 'r')
  const read: Read = (offset, size) => {
    const bytes = Buffer.alloc(size)
    return bytes.subarray(0, readSync(fd, bytes, 0, size, offset))
  }
  try {
    const table = new Map(sectionTable(read).map((header) => [header.name, header]))
    return {
      table,
      bytes: (header: SectionHeader) => sectionBytes(read, header),
      [Symbol.dispose]: () => closeSync(fd),
    }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Of two vmlinux: sections with other bytes, each with where the first one stands. */
function sectionLines(a: string, b: string): string[] {
  const map = existsSync(join(a, 'System.map')) ? readFileSync(join(a, 'System.map'), 'latin1') : ''
  using before = sections(join(a, 'vmlinux'))
  using after = sections(join(b, 'vmlinux'))
  return [...new Set([...before.table.keys(), ...after.table.keys()])].flatMap((name): string[] => {
    const [one, other] = [before.table.get(name), after.table.get(name)]
    if (one === undefined || other === undefined) return [`${name}: only in ${one ? 'A' : 'B'}`]
    if (one.size !== other.size) return [`${name}: ${one.size} -> ${other.size} bytes`]
    const [x, y] = [before.bytes(one), after.bytes(other)]
    if (x.equals(y)) return []
    const at = firstByte(x, y)
    const place = one.address === 0n ? `byte ${at}` : symbolAt(map, one.address + BigInt(at))
    return [`${name}: the same size, and other bytes from ${place} on`]
  })
}

function binaryDifference(name: string, a: string, b: string): Difference[] {
  const [one, other] = [join(a, name), join(b, name)]
  if (!existsSync(one) && !existsSync(other)) return []
  if (!existsSync(one) || !existsSync(other))
    return [{ what: name, a: existsSync(one) ? 'there' : '-', b: existsSync(other) ? 'there' : '-' }]
  if (readFileSync(one).equals(readFileSync(other))) return []
  const sizes = { a: `${statSync(one).size} bytes`, b: `${statSync(other).size} bytes` }
  if (name !== 'vmlinux') return [{ what: name, ...sizes }]
  try {
    return [{ what: name, ...sizes, lines: sectionLines(a, b) }]
  } catch (error) {
    return [{ what: name, ...sizes, lines: [`its sections cannot be read: ${printable(String(error), 200)}`] }]
  }
}

export function compareKernels(kernels: readonly [KernelSide, KernelSide]): KernelsCompared {
  const [{ dir: a }, { dir: b }] = kernels
  const differences = [
    ...TEXTS.flatMap((name) => filesThatDiffer(a, b, [name])),
    ...symbolDifference('System.map', a, b),
    ...symbolDifference('Module.symvers', a, b),
    ...binaryDifference('vmlinux', a, b),
    ...binaryDifference('bzImage', a, b),
  ]
  return { kernels, differences, same: differences.length === 0 }
}
