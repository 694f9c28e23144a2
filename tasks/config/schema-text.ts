/** Texts that several parts of the schema share. */
import { z } from 'zod'

export const text = (pattern: RegExp, rule: string) => z.string().regex(pattern, rule)

export const name = text(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  'a name has letters, digits, ".", "_" and "-", begins with a letter or digit, and has at most 63 of them',
)
export const func = text(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a C function is named with letters, digits and "_"')
