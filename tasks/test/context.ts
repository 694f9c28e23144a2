/** A context whose events are kept. */
import { join } from 'node:path'
import type { Context } from '../engine/context.ts'
import type { LabEvent } from '../engine/event.ts'
import { Store } from '../engine/store.ts'

export function testContext(
  cache: string,
  signal: AbortSignal = new AbortController().signal,
): Context & { readonly events: LabEvent[] } {
  const events: LabEvent[] = []
  return {
    events,
    emit: (event) => events.push(event),
    signal,
    cache,
    cacheLimit: Number.POSITIVE_INFINITY,
    store: new Store(join(cache, 'store')),
    toolRoot: cache,
    yes: false,
    jobs: 1,
  }
}
