/** What preflight finds in one compiled object. */
import { z } from 'zod'

const Hooked = z.object({ program: z.string(), section: z.string() })

export const ObjectFindingsSchema = z.object({
  /** Programs whose attach will be refused. */
  refused: z.array(Hooked),
  /** Programs on functions or USDT probes of the workload, which is no part of the object. */
  inWorkload: z.array(Hooked),
  version: z.object({ level: z.enum(['warning', 'error']), fact: z.string(), wayOut: z.string() }).optional(),
})

/** What is wrong with one object on one kernel. */
export type ObjectFindings = z.infer<typeof ObjectFindingsSchema>
