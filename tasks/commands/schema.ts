/** `lab schema`: for `# yaml-language-server: $schema=…` and other editors. */
import { labJsonSchema } from '../config/schema/json-schema.ts'
import type { CommandModule } from './command.ts'

export const work: CommandModule['work'] = () => {
  const schema = labJsonSchema()
  return Promise.resolve({ text: JSON.stringify(schema, null, 2), data: schema })
}
