/** Checks of what comes over the network: the Debian mirror, and the sources of the lab's kernels. */
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ResolvedKernel, ResolvedLab } from '../../config/resolved.ts'
import type { Source } from '../../config/schema/schema.ts'
import type { Context } from '../../engine/context.ts'
import { Failure, interrupted, messageOf } from '../../engine/error.ts'
import { aptReason } from '../../engine/outside-words.ts'
import { printable } from '../../engine/printable.ts'
import { makeScratch } from '../../engine/scratch.ts'
import { debianMirror } from '../../host/apt.ts'
import { APT_HELPER } from '../../host/debian/apt-helper.ts'
import { archives } from '../../host/debian/archives.ts'
import { pinStates, type PinState } from '../../host/debian/pins.ts'
import { run } from '../../host/sh.ts'
import type { Finding } from './finding.ts'
import { pinOf } from './pins.ts'

/** For one address. Milliseconds. */
const LIMIT = 5000

/** Why something cannot be had; undefined: it can. */
type Reason = string | undefined

/** Gets a small file of an archive as fetchDeb would get a package: by apt, with apt's proxies and certificates. */
async function askArchive(uri: string, { signal }: Context): Promise<Reason> {
  const dir = await makeScratch('doctor')
  try {
    await run([...APT_HELPER, uri, join(dir, 'file')], { signal, timeout: 2 * LIMIT })
    return undefined
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
    return aptReason(error.parts.lines ?? []) ?? error.parts.fact
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Whether the mirror of the host's apt answers; images come from there, and kernels that Debian packages. */
export async function mirror(context: Context): Promise<Finding[]> {
  const address = await debianMirror(context.signal)
  const reason = await askArchive(`${address}dists/stable/Release`, context)
  if (reason === undefined) return [{ name: 'Debian mirror', status: 'ok', fact: `${printable(address)} answers` }]
  return [
    {
      name: 'Debian mirror',
      status: 'problem',
      fact: printable(reason, 200),
      wayOut: 'check network and proxy of apt, or set LAB_DEBIAN_MIRROR',
    },
  ]
}

/** The innermost cause: undici wraps "getaddrinfo ENOTFOUND" in "fetch failed". */
const deepest = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined ? deepest(error.cause) : messageOf(error)

/** Asks for a file's head; a server that refuses HEAD as such (405, 501) is there. */
async function askUrl(url: string, signal: AbortSignal): Promise<Reason> {
  const late = AbortSignal.timeout(LIMIT)
  try {
    const { ok, status } = await fetch(url, { method: 'HEAD', signal: AbortSignal.any([signal, late]) })
    return ok || status === 405 || status === 501 ? undefined : `HTTP ${status}`
  } catch (error) {
    if (signal.aborted) throw interrupted()
    return late.aborted ? `no answer in ${LIMIT / 1000} s` : deepest(error)
  }
}

async function askUrls(urls: readonly string[], signal: AbortSignal): Promise<Reason> {
  const reasons: string[] = []
  for (const url of urls) {
    const reason = await askUrl(url, signal)
    if (reason === undefined) return undefined
    reasons.push(`${new URL(url).host}: ${reason}`)
  }
  return reasons.join('; ')
}

async function askGit(url: string, signal: AbortSignal): Promise<Reason> {
  try {
    const argv = ['git', '-c', 'protocol.ext.allow=never', 'ls-remote', '--exit-code', '--', url, 'HEAD']
    await run(argv, { signal, timeout: LIMIT, env: { GIT_TERMINAL_PROMPT: '0' } })
    return undefined
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
    return error.parts.lines?.at(-1) ?? error.parts.fact
  }
}

/** Where a source is here already: built, or fetched under its checksum's first digits. */
async function kept(source: Source, { store, cache }: Context): Promise<string | undefined> {
  if (!('sha256' in source)) return undefined
  if (await store.newest('kernel', (inputs) => inputs['source'] === source.sha256)) return 'built before'
  const files = await readdir(join(cache, 'sources')).catch(() => [])
  const whole = files.some((file) => file.startsWith(`${source.sha256.slice(0, 16)}-`) && !/\.(part|apt)$/.test(file))
  return whole ? 'fetched before' : undefined
}

async function ask(source: Source, context: Context): Promise<Reason> {
  if ('url' in source) return await askUrls([source.url, ...(source.mirrors ?? [])], context.signal)
  if ('git' in source) return await askGit(source.git, context.signal)
  if ('tree' in source)
    return existsSync(join(source.tree, 'Kconfig')) ? undefined : `${source.tree} is not a kernel tree`
  if ('file' in source) return existsSync(source.file) ? undefined : `${source.file} is not there`
  const reason = await askForVersion(source.version.replace(/^\d+:/, ''), context)
  const name = 'prebuilt' in source ? source.prebuilt : source.package
  return reason === undefined ? undefined : `${name} ${source.version}: ${reason}`
}

/**
 * Whether the main archive or that of security has a version of the kernel. A package has 100 MB and apt has no HEAD;
 * the description of its source has the same version and 200 kB.
 */
async function askForVersion(version: string, context: Context): Promise<Reason> {
  let reason: Reason = 'the host has no Debian mirror configured'
  for (const { name, base } of await archives(context.signal)) {
    if (name !== 'main' && name !== 'security') continue
    const pool = name === 'main' ? 'pool/main' : 'pool/updates/main'
    reason = await askArchive(`${base}${pool}/l/linux/linux_${version}.dsc`, context)
    if (reason === undefined) return undefined
  }
  return reason
}

export interface SourceState {
  readonly name: string
  readonly kept?: string | undefined
  readonly reason: Reason
}

/**
 * Judges sources by the VMs that may boot them: one that cannot be had is a problem only where a VM has no kernel left.
 * A kernel that no VM names is nobody's problem.
 */
export function sourceFindings(states: readonly SourceState[], vms: ResolvedLab['vms']): Finding[] {
  const available = new Set(states.filter(({ reason }) => reason === undefined).map(({ name }) => name))
  const choices = Object.values(vms).map(({ kernel: { use, fallback } }) => [use, ...fallback])
  return states.map(({ name: kernel, kept: where, reason }): Finding => {
    const name = `source of ${kernel}`
    if (reason === undefined) return { name, status: 'ok', fact: where ?? 'can be fetched' }
    const users = choices.filter((names) => names.includes(kernel))
    const stranded = users.some((names) => !names.some((name) => available.has(name)))
    const instead = users.map((names) => names.find((name) => available.has(name))).find((name) => name !== undefined)
    const fact = `cannot be fetched: ${printable(reason, 200)}`
    if (stranded)
      return {
        name,
        status: 'problem',
        fact,
        wayOut: 'check network and proxy, add `mirrors:`, or name a `fallback:` kernel',
      }
    const wayOut =
      instead === undefined
        ? 'no VM uses it'
        : `${instead} is there instead (lab.yaml names both); \`lab build kernel ${kernel} --source DIR\` builds it from a tree of your own`
    return { name, status: 'warning', fact, wayOut }
  })
}

/** @param pin what its suite's index says of it; undefined for a source that is no package */
async function stateOf(kernel: ResolvedKernel, pin: PinState | undefined, context: Context): Promise<SourceState> {
  const { name, source } = kernel
  const where = await kept(source, context)
  if (where !== undefined || pin?.listed === true) return { name, kept: where, reason: undefined }
  return { name, reason: await ask(source, context) }
}

export async function sources(context: Context, lab: ResolvedLab | undefined): Promise<Finding[]> {
  if (lab === undefined) return []
  const kernels = Object.values(lab.kernels)
  const pinned = await pinStates(
    kernels.flatMap((kernel) => pinOf(kernel) ?? []),
    context.cache,
    context.signal,
  )
  const pins = new Map(kernels.filter(pinOf).map(({ name }, index) => [name, pinned[index]]))
  const states = await Promise.all(kernels.map((kernel) => stateOf(kernel, pins.get(kernel.name), context)))
  return sourceFindings(states, lab.vms)
}
