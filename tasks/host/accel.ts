/**
 * Which accelerator works here. A /dev/kvm that opens is not KVM that works: seen are hosts where a VM and a vCPU can
 * be created and yet no guest gets through early boot. So the lab's own kernel is booted with KVM under a short
 * deadline, and the verdict is remembered until the host boots again.
 */
import { accessSync, constants } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeDirectory } from '../engine/directory.ts'
import { codeOf, failedBy, labError } from '../engine/error.ts'
import { bootId } from '../engine/process.ts'
import { printable } from '../engine/printable.ts'
import { replaceFile } from '../engine/replace-file.ts'
import { bootOnlyArgv, type Accel } from './qemu.ts'
import { run } from './sh.ts'

export interface Verdict {
  readonly works: boolean
  /** Why not, or how it was shown. */
  readonly reason: string
}

export interface Choice {
  readonly accel: Accel
  readonly asked: Accel | 'auto'
  readonly reason: string
}

/** A guest with KVM reaches the end of its boot in about a second. Milliseconds. */
const DEADLINE = 5000
/** The last thing a kernel without a root disk does (init/do_mounts.c): everything before it worked. */
const END_OF_BOOT = /VFS: (Cannot open root device|Unable to mount root fs)/

function deviceProblem(): string | undefined {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return undefined
  } catch (error) {
    return codeOf(error) === 'ENOENT'
      ? '/dev/kvm does not exist'
      : '/dev/kvm cannot be opened (is your user in the group kvm?)'
  }
}

async function tryKvm(kernel: string, signal: AbortSignal): Promise<Verdict> {
  let output = ''
  const seconds = DEADLINE / 1000
  try {
    const result = await run(bootOnlyArgv('kvm', kernel), {
      signal,
      timeout: DEADLINE,
      accept: Array.from({ length: 256 }, (_, status) => status),
      onLine: (line) => (output += `${line}\n`),
    })
    if (END_OF_BOOT.test(result.stdout)) return { works: true, reason: 'the kernel booted with it' }
  } catch (error) {
    // Only the deadline says something about KVM; a missing QEMU must not be remembered as a verdict.
    if (!failedBy(error, 'timeout')) throw error
    if (END_OF_BOOT.test(output)) return { works: true, reason: 'the kernel booted with it' }
  }
  const said = /KVM internal error.*|.*(?:failed to initialize kvm|Could not access KVM).*/i.exec(output)?.[0]
  const fact = /Linux version/.test(output)
    ? `the kernel did not get through boot in ${seconds} s`
    : `the kernel printed nothing in ${seconds} s`
  return { works: false, reason: `/dev/kvm opens, but ${printable(said ?? fact, 160)}` }
}

async function remembered(file: string): Promise<Verdict | undefined> {
  try {
    const verdict: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (typeof verdict !== 'object' || verdict === null || !('works' in verdict) || !('reason' in verdict))
      return undefined
    return typeof verdict.works === 'boolean' && typeof verdict.reason === 'string'
      ? { works: verdict.works, reason: verdict.reason }
      : undefined
  } catch {
    return undefined
  }
}

/** Whether KVM works with this kernel image; the first call per host boot takes up to 5 s. */
export async function kvmVerdict(cache: string, kernel: string, signal: AbortSignal): Promise<Verdict> {
  const device = deviceProblem()
  if (device !== undefined) return { works: false, reason: device }
  const file = join(cache, 'accel', `${bootId()}.json`)
  const known = await remembered(file)
  if (known) return known
  const verdict = await tryKvm(kernel, signal)
  makeDirectory(dirname(file))
  replaceFile(file, JSON.stringify(verdict))
  return verdict
}

/**
 * Settles `accel:` of the lab file. `kvm` where KVM does not work is a failure; `auto` falls back to TCG and says why.
 */
export async function chooseAccel(
  asked: Accel | 'auto',
  cache: string,
  kernel: string,
  signal: AbortSignal,
): Promise<Choice> {
  if (asked === 'tcg') return { accel: 'tcg', asked, reason: 'asked for' }
  const { works, reason } = await kvmVerdict(cache, kernel, signal)
  if (works) return { accel: 'kvm', asked, reason }
  if (asked === 'kvm')
    throw labError({
      place: 'accel: kvm',
      fact: `KVM does not work on this host: ${reason}`,
      wayOut: 'write `accel: auto` or `accel: tcg` (slower by 10 to 30 times)',
    })
  return { accel: 'tcg', asked, reason }
}
