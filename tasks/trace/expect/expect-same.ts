/** The same value on both sides: what the workload printed, what the probes said, what is in the maps. */
import { everyMatch } from '../../config/text/pattern.ts'
import { valueText } from '../events/maps-file.ts'
import { shown, type Verdict } from './match.ts'

/** How a captured text is read. */
export type As = 'hex' | 'char' | undefined

/** One side of the comparison. */
export interface Side {
  /** As in the lab file, for messages. */
  readonly text: string
  /** What it holds; empty where nothing was found. */
  readonly values: readonly string[]
  readonly as?: As
  /** Why there is nothing, where that is known. */
  readonly because?: string | undefined
}

/** The parts of maps.json that are looked at. */
export interface MapValues {
  readonly maps: readonly {
    readonly name: string
    readonly cpus: number
    readonly entries: readonly { readonly key: unknown; readonly value: unknown }[]
  }[]
}

const INTEGER = /^-?(0x[0-9a-f]+|[0-9]+)$/i

/** Numbers are compared as numbers, in whichever base they are written. */
function normal(value: string, as: As): string {
  const text = value.trim()
  if (as === 'hex' && /^(0x)?[0-9a-f]+$/i.test(text)) return String(BigInt(`0x${text.replace(/^0x/i, '')}`))
  if (as === 'char') return String(value.codePointAt(0) ?? '')
  if (!INTEGER.test(text)) return value
  return String(text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text))
}

/** Each value of the longest side against the others'; a side with one value has it for all. */
export function checkSame(sides: readonly Side[]): Verdict {
  const empty = sides.filter(({ values }) => values.length === 0)
  if (empty.length > 0)
    return {
      ok: false,
      lines: empty.map(
        ({ text, because }) => `${shown(text)} has no value${because === undefined ? '' : `: ${shown(because)}`}`,
      ),
    }
  const length = Math.max(...sides.map(({ values }) => values.length))
  const uneven = sides.filter(({ values }) => values.length !== 1 && values.length !== length)
  if (uneven.length > 0) {
    const counts = sides.map(({ text, values }) => `${shown(text)} has ${values.length}`)
    return { ok: false, lines: [`the numbers of values differ: ${counts.join(', ')}`] }
  }
  const at = ({ values }: Side, index: number) => values[values.length === 1 ? 0 : index] ?? ''
  for (let index = 0; index < length; index++) {
    const all = sides.map((side) => normal(at(side, index), side.as))
    if (all.every((value) => value === all[0])) continue
    const what = sides.map((side) => `${shown(side.text)} says ${shown(at(side, index))}`)
    return { ok: false, lines: [`${length > 1 ? `value ${index + 1}: ` : ''}${what.join(', ')}`] }
  }
  const [first] = sides
  const value = first === undefined || length > 1 ? `the same ${length} values` : shown(at(first, 0))
  return { ok: true, lines: [`${sides.map(({ text }) => shown(text)).join(' = ')}: ${value}`] }
}

/** First groups of every match in the text; the whole match where the pattern has no group. */
export const captured = (text: string, regex: RegExp): string[] =>
  everyMatch(text, regex).map(([whole, group]) => group ?? whole)

const PLACE = /^([A-Za-z_][A-Za-z0-9_]*)(?:\[([^\]]+)\])?((?:\.[A-Za-z_][A-Za-z0-9_]*)*)$/

/** Counters of per-CPU maps are added up: which CPU it was is chance. */
function overCpus(value: unknown): unknown {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'number')) return value
  return value.reduce((sum: number, item: number) => sum + item, 0)
}

function fieldAt(value: unknown, fields: readonly string[]): unknown {
  return fields.reduce<unknown>(
    (inner, field) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, field)
        ? Reflect.get(inner, field)
        : undefined,
    value,
  )
}

/**
 * `map[key].field`, `map.field` (entry 0 of an array, or the only entry) or the name of a global variable, at the end
 * of the run.
 * @param place parameters have been put in
 */
export function mapSide(place: string, { maps }: MapValues, as: As): Side {
  const text = `map ${place}`
  const nothing = (because: string): Side => ({ text, values: [], because })
  const [, name = '', key, path = ''] = PLACE.exec(place) ?? []
  const fields = path.split('.').filter((field) => field !== '')
  const map = maps.find((candidate) => candidate.name === name)
  const holder = maps.find((map) => map.name.startsWith('.') && fieldAt(map.entries[0]?.value, [name]) !== undefined)
  if (map === undefined && holder === undefined) return nothing(`there is no map ${name}`)
  const entries = map?.entries ?? []
  const entry =
    key === undefined
      ? (entries.find((entry) => entry.key === 0) ?? (entries.length === 1 ? entries[0] : undefined))
      : entries.find((entry) => String(entry.key) === key)
  if (map !== undefined && entry === undefined) {
    const keys = entries.slice(0, 8).map((entry) => valueText(entry.key))
    return nothing(keys.length === 0 ? 'the map is empty' : `its keys are ${keys.join(', ')}`)
  }
  const whole = map === undefined ? fieldAt(holder?.entries[0]?.value, [name]) : entry?.value
  const value = map !== undefined && map.cpus > 0 ? overCpus(whole) : whole
  const found = fieldAt(value, fields)
  if (found === undefined) return nothing(`${fields.join('.')} is no field of ${valueText(value)}`)
  const plain = typeof found === 'string' ? found : valueText(found)
  return { text, values: [plain], as }
}
