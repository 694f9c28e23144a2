/** Whether a pinned kernel can still be had from its suite, before that matters. */
import { Failure } from '../../engine/error.ts'
import { aptReason } from '../../engine/outside-words.ts'
import { suiteOfKernel } from '../../linux/debian-releases.ts'
import type { PackageRecord } from '../../linux/package-index.ts'
import { run } from '../sh.ts'
import { archives } from './archives.ts'
import { alike, suiteRecords, type Offer } from './index.ts'

export interface Pin {
  readonly package: string
  readonly version: string
  /** As the lab file says; undefined: judged by the package's name. */
  readonly suite?: string | undefined
}

export interface PinState {
  readonly suite: string
  /** Whether an index still has the version; undefined where no index could be had. */
  readonly listed: boolean | undefined
  /** The newest package of the same kind, where it is newer than the pin. */
  readonly newer?: Offer | undefined
  /** Why no index could be had. */
  readonly why?: string | undefined
}

/** Whether a version is newer, by Debian's own order. */
async function isNewer(version: string, than: string, signal: AbortSignal): Promise<boolean> {
  const { status } = await run(['dpkg', '--compare-versions', version, 'gt', than], { signal, accept: [0, 1] })
  return status === 0
}

/** Kernels that the indexes of a suite and of its security updates have. */
export async function kernelsIn(suite: string, cache: string, signal: AbortSignal): Promise<PackageRecord[]> {
  const main = await suiteRecords(suite, cache, signal)
  const security = (await archives(signal)).find(({ name }) => name === 'security')
  if (security === undefined || suite === 'sid') return main
  // Not every suite has one, and none of them has everything.
  const updates = await suiteRecords(`${suite}-security`, cache, signal, security.base).catch((error: unknown) => {
    if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
    return []
  })
  return [...main, ...updates]
}

/** Records of a suite, or why there are none. */
type Asked = { readonly records: readonly PackageRecord[] } | { readonly why: string }

async function ask(suite: string, cache: string, signal: AbortSignal): Promise<Asked> {
  try {
    return { records: await kernelsIn(suite, cache, signal) }
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
    // apt's own line says more than "apt-helper ended with status 100"; other failures give their reason as the fact.
    return { why: aptReason(error.parts.lines ?? []) ?? error.parts.fact }
  }
}

async function stateOf(pin: Pin, suite: string, asked: Asked, signal: AbortSignal): Promise<PinState> {
  if ('why' in asked) return { suite, listed: undefined, why: asked.why }
  const records = alike(pin.package, asked.records)
  const listed = records.some((record) => record.package === pin.package && record.version === pin.version)
  const [newest] = records
  const newer = newest !== undefined && (await isNewer(newest.version, pin.version, signal)) ? newest : undefined
  return { suite, listed, newer: newer && { package: newer.package, version: newer.version } }
}

/**
 * What the indexes say about pinned kernels now, each in the order of the pins. Never fails because of an archive: then
 * nobody knows.
 */
export async function pinStates(pins: readonly Pin[], cache: string, signal: AbortSignal): Promise<PinState[]> {
  const asked = new Map<string, Asked>()
  const states: PinState[] = []
  for (const pin of pins) {
    const suite = pin.suite ?? suiteOfKernel(pin.package)
    const answer = asked.get(suite) ?? (await ask(suite, cache, signal))
    asked.set(suite, answer)
    states.push(await stateOf(pin, suite, answer, signal))
  }
  return states
}
