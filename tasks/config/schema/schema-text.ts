/** Texts that several parts of the schema share. */
import { z } from 'zod'

export const text = (pattern: RegExp, rule: string) => z.string().regex(pattern, rule)

export const name = text(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  'a name has letters, digits, ".", "_" and "-", begins with a letter or digit, and has at most 63 of them',
)
export const func = text(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a C function is named with letters, digits and "_"')

/**
 * Begins with a letter: JavaScript would move a key such as "16" before the others, and arms are named in file order.
 */
export const paramName = text(
  /^[A-Za-z][A-Za-z0-9._-]{0,62}$/,
  'a parameter is named with letters, digits, ".", "_" and "-", and begins with a letter',
)
// oxlint-disable-next-line no-control-regex -- control characters in a path are typing errors
export const path = text(/^[^\x00-\x1f\x7f]+$/, 'a path is not empty and has no control characters')
export const size = text(/^[1-9][0-9]{0,11}[KMG]$/, 'a size is a whole number with K, M or G, for example 64M')
export const seconds = text(/^[1-9][0-9]{0,5}(s|m)$/, 'a duration is a whole number with s or m, for example 30s')

/** Options of a kernel: its own, and those that an experiment needs otherwise. */
export const Options = z.record(
  text(/^(?!CONFIG_)[A-Za-z0-9_]+$/, 'an option is named without CONFIG_, with letters, digits and "_"'),
  // oxlint-disable-next-line no-control-regex -- a line break would smuggle a second option into the fragment
  z.union([z.int(), text(/^[^\x00-\x1f\x7f]*$/, 'the value of an option is one line')]),
)

/**
 * Behind its "-": an -f option of gcc that loads no code and names no file. By others, a lab file of somebody else
 * could overwrite what is in the current directory (-fdump-final-insns=FILE, -fopt-info-all=FILE,
 * -fdiagnostics-add-output=..., and those that the driver passes on to the linker's plugin) or read options from a file
 * (-fcompare-debug=-specs=FILE).
 */
export const F_OPTION = new RegExp(
  'f(?!plugin|dump|opt-info|compare-debug|auto-profile|profile-(?!arcs|update)|diagnostics-(?:format|add|set)' +
    String.raw`|self-test|offload|module|resolution|ltrans|wpa)[\w=+.:,-]+`,
)
