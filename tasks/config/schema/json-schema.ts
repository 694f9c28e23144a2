/**
 * The lab file's JSON Schema (draft 2020-12), for editors: completion, descriptions, unknown keys marked while typing.
 */
import { z } from 'zod'
import { Lab } from './schema.ts'

interface Node {
  propertyNames?: { type?: unknown }
}

/**
 * What `lab schema` prints. Relations between values (references, files) are not in it: `lab check` knows those.
 *
 * Keys of an object are texts in JSON, so that a schema need not say it. Where it does, editors call a key wrong that
 * YAML reads as a number (`maps: { m: { 1: 31 } }`; seen with yaml-language-server 2.0).
 */
export function labJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(Lab, {
    target: 'draft-2020-12',
    io: 'input',
    override: ({ jsonSchema }) => void delete (jsonSchema as Node).propertyNames?.type,
  })
}
