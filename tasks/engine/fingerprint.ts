/**
 * The identity of a build's inputs. Canonical JSON (sorted keys) hashed with SHA-256; equal inputs give equal
 * fingerprints on every machine, because only contents and versions go in, never paths or times.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

export type Fingerprint = string & { readonly __brand: 'fingerprint' }

/** What a fingerprint may be made of; plain data, so that it can be shown and compared input by input. */
export type Inputs = { readonly [name: string]: InputValue }
export type InputValue = string | number | boolean | null | readonly InputValue[] | Inputs

const isInputs = (value: InputValue): value is Inputs =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function canonical(value: InputValue): string {
  if (Array.isArray(value)) return `[${value.map((item: InputValue) => canonical(item)).join(',')}]`
  if (!isInputs(value)) return JSON.stringify(value)
  const pairs = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`)
  return `{${pairs.join(',')}}`
}

export const hashText = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex')

export const fingerprintOf = (inputs: Inputs): Fingerprint => hashText(canonical(inputs)) as Fingerprint

/** SHA-256 of a file as lower-case hexadecimal digits. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Names of the inputs that differ, for "why was this built again": `config`, `options.BPF_JIT`. */
export function changedInputs(before: Inputs, after: Inputs, prefix = ''): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].toSorted().flatMap((name) => {
    const [a, b] = [before[name] ?? null, after[name] ?? null]
    if (canonical(a) === canonical(b) && Object.hasOwn(before, name) === Object.hasOwn(after, name)) return []
    return isInputs(a) && isInputs(b) ? changedInputs(a, b, `${prefix}${name}.`) : [`${prefix}${name}`]
  })
}
