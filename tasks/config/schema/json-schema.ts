/**
 * The lab file's JSON Schema (draft 2020-12), for editors: completion, descriptions, unknown keys marked while typing.
 */
import { z } from 'zod'
import { Lab } from './schema.ts'

/** What `lab schema` prints. Relations between values (references, files) are not in it: `lab check` knows those. */
export function labJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(Lab, { target: 'draft-2020-12', io: 'input' })
}
