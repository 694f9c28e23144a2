/** Where the things of one lab are. */
import { join } from 'node:path'

/** `.lab` beside the lab file: what belongs to this checkout. */
export interface Places {
  readonly vms: string
  readonly keys: string
  readonly results: string
}

export const placesOf = (labDirectory: string): Places => ({
  vms: join(labDirectory, '.lab', 'vms'),
  keys: join(labDirectory, '.lab', 'keys'),
  results: join(labDirectory, 'results'),
})
