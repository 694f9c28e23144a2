/** All kinds of rejections, found by the message. Read from the sources of 4.15, 4.19, 5.4, 5.10, 6.1, 6.12 and 7.2. */
import { Formats, type Known } from '../format.ts'
import { BOUNDS } from './bounds.ts'
import { BTF } from './btf.ts'
import { CALLS } from './calls.ts'
import { ENVIRONMENT } from './environment.ts'
import { FLOW } from './flow.ts'
import { FUNCTIONS } from './functions.ts'
import type { Kind } from './kind.ts'
import { MAPS } from './maps.ts'
import { OBJECTS } from './objects.ts'
import { POINTERS } from './pointers.ts'
import { STACK } from './stack.ts'

export const KINDS: readonly Kind[] = [
  ...POINTERS,
  ...BOUNDS,
  ...STACK,
  ...CALLS,
  ...FUNCTIONS,
  ...FLOW,
  ...MAPS,
  ...OBJECTS,
  ...BTF,
  ...ENVIRONMENT,
]

/** Formats of a kind. Those that begin with "%s" name a register there since 7.2. */
export const formatsOf = (kind: Kind): readonly string[] => kind.formats.split('\n').filter((format) => format !== '')

const REGISTER =
  /^%s (?=invalid|type=|unbounded|m(?:in|ax) value|offset is|must|is |doesn't|expected|cannot write|pointer|does not|memory|not a|points)/

const formats = new Formats<Kind>(
  KINDS.flatMap((kind) =>
    formatsOf(kind).flatMap((format): [string, Kind][] => [
      [format, kind],
      ...(REGISTER.test(format) ? [[format.replace('%s', 'R%d'), kind] as [string, Kind]] : []),
    ]),
  ),
)

/** The kind of a message. `loose`: it is in a log, so that formats which prose may match count too. */
export const kindOf = (message: string, loose = false): Known<Kind> | undefined => formats.find(message, loose)

/** Texts of which every message that is known outside of a log has one. */
export const messageNeedles = (): readonly string[] => formats.needles()
