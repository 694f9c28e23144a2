/** Options that several commands take. */
import type { OptionRow } from '../command.ts'
import { oneWordOf, path } from './values.ts'

export const KERNEL = ['--kernel <name>', "this kernel instead of the VM's"] as const
export const SOURCE = [
  '--source <dir>',
  'build the kernel from this tree instead of the declared source',
  path,
] as const
export const ACCEL = [
  '--accel <kind>',
  'kvm, tcg or auto instead of what lab.yaml says',
  oneWordOf('accelerator', ['kvm', 'tcg', 'auto']),
] as const
export const DEFINITION = [
  '--definition <name>',
  'runs of this definition (its name or a run) and not of the newest: what runs were made of, in one digest',
] as const
export const DRY_RUN = ['--dry-run', 'show what would be done, and why'] as const

/** Options of every command, before or after its name. */
export const EVERYWHERE = [
  ['-f, --file <lab.yaml>', 'the lab file (default: lab.yaml here or above)'],
  ['--json', 'events and answer as JSON, one object per line, on stdout'],
  ['--verbose', 'show each outside program with its arguments, status and time'],
  ['-y, --yes', 'install missing host packages without asking'],
] as const satisfies readonly OptionRow[]
