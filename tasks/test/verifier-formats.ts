/**
 * Which messages of the verifier have no kind yet: `node tasks/test/verifier-formats.ts LINUX_TREE...` reads the
 * formats that kernel/bpf prints into a log out of the sources of these trees, and prints those that
 * linux/verifier/kinds does not know. Nothing of a tree is kept.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sampleOf } from '../linux/verifier/format.ts'
import { kindOf } from '../linux/verifier/kinds/index.ts'
import { isEarlyNoise, readLine } from '../linux/verifier/line.ts'

/** Files that print into the log of a program; those that 7.x has split off are among them. */
const FILES = [
  'verifier',
  'btf',
  'log',
  'backtrack',
  'cfg',
  'check_btf',
  'fixups',
  'liveness',
  'states',
  'const_fold',
  'core',
  'bpf_struct_ops',
  'arena',
  'offload',
  'bpf_insn_array',
  'trampoline',
  'relo_core',
].map((name) => `kernel/bpf/${name}.c`)

/** The functions that print. BTF's own checks (btf_verifier_log) go into the log of the BTF and not of a program. */
const PRINTS = /\b(?:verbose|bpf_log|verbose_linfo)\s*\(/g
const VERIFIER_BUG = /\bverifier_bug(?:_if)?\s*\(/g
const LITERALS = /"(?:\\.|[^"\\])*"(?:\s*"(?:\\.|[^"\\])*")*/

/** The text between the parenthesis at `start` and the one that closes it. */
function argumentsAt(text: string, start: number): string {
  let depth = 1
  let at = start
  for (let quoted = false; at < text.length && depth > 0; at++) {
    const char = text[at]
    if (quoted && char === '\\') at++
    else if (char === '"') quoted = !quoted
    else if (!quoted && char === '(') depth++
    else if (!quoted && char === ')') depth--
  }
  return text.slice(start, at - 1)
}

const unescaped = (literal: string): string =>
  literal.replaceAll(/\\(.)/g, (_, char: string) => ({ n: '\n', t: '\t' })[char] ?? char)

/** Formats of whole messages in a C text: those that end a line and do not go on with one. */
export function formatsIn(source: string): string[] {
  const text = source.replaceAll(/\/\*[^]*?\*\//g, '')
  const calls = [...text.matchAll(PRINTS), ...text.matchAll(VERIFIER_BUG)]
  return calls.flatMap(({ 0: name, index }) => {
    const literals = LITERALS.exec(argumentsAt(text, index + name.length))?.[0]
    if (literals === undefined) return []
    const format = Array.from(literals.matchAll(/"((?:\\.|[^"\\])*)"/g), ([, part = '']) => unescaped(part)).join('')
    if (name.startsWith('verifier_bug')) return [`verifier bug: ${format.trimEnd()}`]
    if (!format.endsWith('\n') || /^\s/.test(format)) return []
    return format.split('\n').filter((line) => line !== '')
  })
}

/** What the verifier prints besides reasons: its states, its statistics, and what only its authors read. */
const isNoReason = (format: string): boolean =>
  readLine(sampleOf(format)).kind !== 'text' || isEarlyNoise(sampleOf(format)) || /^(?:expected=)?%s:?$/.test(format)

/** Formats of a tree that have no kind. */
export function unknownFormats(tree: string): string[] {
  const files = FILES.map((file) => join(tree, file)).filter(existsSync)
  const formats = new Set(files.flatMap((file) => formatsIn(readFileSync(file, 'utf8'))))
  return [...formats].filter((format) => !isNoReason(format) && kindOf(sampleOf(format), true) === undefined).toSorted()
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const tree of process.argv.slice(2)) {
    const unknown = unknownFormats(tree)
    process.stdout.write(
      `${tree}: ${unknown.length} formats without a kind\n${unknown.map((one) => `  ${one}\n`).join('')}`,
    )
  }
