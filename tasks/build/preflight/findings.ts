/** What preflight finds in one compiled object. */
import { z } from 'zod'

export const Found = z.object({
  /** Programs whose attach will be refused. */
  refused: z.array(z.object({ program: z.string(), section: z.string() })),
  version: z.object({ level: z.enum(['warning', 'error']), fact: z.string(), wayOut: z.string() }).optional(),
})

/** What is wrong with one object on one kernel. */
export type ObjectFindings = z.infer<typeof Found>
