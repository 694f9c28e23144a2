/**
 * The format of manifest.json and the way to it from older ones. It needs no schema, so that a list of runs does not
 * wait for one.
 */
import { inCurrentFormat, isJson, type Json, type StoredFormat } from '../engine/format.ts'

export const MANIFEST_FILE = 'manifest.json'
export const MANIFEST_FORMAT = 2

/**
 * Format 1 is that of all results of 0.1.0. Its first days had neither rows of the compat table, nor failures, nor
 * events beside the probes; and imported traces, which have no ring buffers, had an empty list of their counters.
 */
function fromFormat1(old: Json): Json {
  const trace = isJson(old['trace']) ? { ...old['trace'] } : old['trace']
  if (isJson(trace) && isJson(old['imported'])) Reflect.deleteProperty(trace, 'perCpu')
  return {
    writtenBy: 'lab 0.1.0',
    failures: [],
    tracedEvents: [],
    ...old,
    ...(isJson(old['kernel']) && { kernel: { compat: [], ...old['kernel'] } }),
    trace,
  }
}

const FORMAT: StoredFormat = { name: MANIFEST_FILE, current: MANIFEST_FORMAT, steps: { 1: fromFormat1 } }

/**
 * What a manifest says, in the current format; its shape is not checked yet.
 * @returns undefined for what is no manifest
 * @throws Failure (newer-format)
 */
export const upgradedManifest = (stored: unknown, place: string): unknown => inCurrentFormat(stored, FORMAT, place)
