/**
 * Where the things of a lab are, for commands that do not need its declaration: they work while lab.yaml has a mistake.
 */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { findLab } from '../../config/find.ts'
import { noteDisk } from '../../engine/disk.ts'
import { userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { placesOf, type Places } from '../../vm/places.ts'
import type { Session } from './session.ts'

/** The directory of the lab file, which is looked for and not read. @throws a user's Failure if there is none */
export function labDirectory({ options: { file } }: Pick<Session, 'options'>): string {
  const found = findLab(process.cwd(), file)
  if (existsSync(found)) {
    noteDisk('lab', dirname(found))
    return dirname(found)
  }
  throw userError({
    place: printable(file ?? found, 200),
    fact: 'the lab file does not exist',
    wayOut: 'correct the path, or make a lab with lab init',
  })
}

export const labPlaces = (session: Pick<Session, 'options'>): Places => placesOf(labDirectory(session))
