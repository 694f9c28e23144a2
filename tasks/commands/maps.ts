/** `lab maps <run>`: what stood in the maps when the run ended, decoded by the types of its probes. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MapsSchema } from '../trace/events/maps-file.ts'
import { mapsText } from '../trace/events/maps-text.ts'
import { userError } from '../engine/error.ts'
import { findRun } from '../results/result.ts'
import { defineCommand } from './command.ts'
import { labPlaces } from './shared/places.ts'

export const command = defineCommand({
  usage: 'maps <run>',
  about: 'the maps of a run, decoded by the types of its probes',
  work: async (session, [name]) => {
    const { dir, manifest } = await findRun(labPlaces(session).results, name)
    const file = join(dir, 'maps.json')
    try {
      const maps = MapsSchema.parse(JSON.parse(await readFile(file, 'utf8')))
      return { text: mapsText(maps), data: { run: manifest.run, ...maps } }
    } catch (error) {
      throw userError(
        {
          place: manifest.run,
          fact: 'its maps.json is missing or cannot be read',
          wayOut: 'add maps to `collect:` of the experiment and run it again',
        },
        error,
      )
    }
  },
})
