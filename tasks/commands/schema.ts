/** `lab schema`: for `# yaml-language-server: $schema=…` and other editors. */
import { labJsonSchema } from '../config/schema/json-schema.ts'
import { defineCommand } from './command.ts'

export const command = defineCommand({
  usage: 'schema',
  about: 'JSON Schema of lab.yaml, for editors',
  work: () => {
    const schema = labJsonSchema()
    return Promise.resolve({ text: JSON.stringify(schema, null, 2), verbatim: true, data: schema })
  },
})
