/** Entries in a directory of another host. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { labError, type Failure } from '../../engine/error.ts'
import { saysNotThere } from '../../engine/outside-words.ts'
import { withScratch } from '../../engine/scratch.ts'
import { listedFiles, sftp, sftpLines, sshAddress, type SshAddress } from '../../host/sftp.ts'
import { ProgramFailure } from '../../host/sh.ts'
import { partialName, type ListedFile, type Place } from './place.ts'

/** How long the other side has to remove a file that was not finished. Milliseconds. */
const TAKE_BACK = 1500

/** `/srv`, `/srv/lab`: a directory and those above it, from the top. */
function withParents(directory: string): string[] {
  const parts = directory.split('/')
  return parts.map((_, index) => parts.slice(0, index + 1).join('/')).filter((path) => path !== '')
}

export class SshPlace implements Place {
  readonly name: string
  readonly #address: SshAddress
  readonly #signal: AbortSignal

  /** @throws a user's Failure for what is not an address */
  constructor(text: string, signal: AbortSignal) {
    this.#address = sshAddress(text)
    this.name = text.replace(/\/+$/, '')
    this.#signal = signal
  }

  async #do(commands: readonly string[], cwd = '/'): Promise<string> {
    return await sftp(this.#address, commands, this.name, { signal: this.#signal, cwd })
  }

  #path(name: string): string {
    return `${this.#address.directory}/${name}`.replace(/^\/\//, '/')
  }

  async list(): Promise<readonly ListedFile[] | undefined> {
    try {
      return listedFiles(await this.#do([`ls -lan ${this.#address.directory}`]))
    } catch (error) {
      if (error instanceof ProgramFailure && sftpLines(error).some(saysNotThere)) return undefined
      throw error
    }
  }

  async read<T>(names: readonly string[], use: (files: readonly string[]) => Promise<T>): Promise<T> {
    return await withScratch('cache', async (dir) => {
      const gets = names.map((name) => `get ${this.#path(name)} ${name}`)
      if (gets.length > 0) await this.#do(gets, dir)
      return await use(names.map((name) => join(dir, name)))
    })
  }

  /** Why the other side refused a file. SFTP has no code for a full disk, so we ask how much room there is. */
  async #room(): Promise<string> {
    return await this.#do([`df -h ${this.#address.directory}`]).catch(() => '')
  }

  /** @param room what the other side says of its disk @param left a file that could not be removed */
  #refused(error: ProgramFailure, room: string, left: string | undefined): Failure {
    return labError(
      {
        place: this.name,
        fact: 'the other side did not take the file',
        lines: [
          ...sftpLines(error),
          ...room.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('sftp>')),
        ],
        wayOut: `see above whether its disk is full and whether you may write there; ${
          left === undefined
            ? 'nothing was left behind'
            : `${left} may still be there: a push removes it when it is a day old`
        }`,
      },
      error,
    )
  }

  async write(name: string, fill: (file: string) => Promise<void>, check: (file: string) => Promise<void>) {
    const partial = this.#path(partialName())
    await withScratch('cache', async (dir) => {
      const file = join(dir, 'file')
      await fill(file)
      try {
        const made = withParents(this.#address.directory).map((parent) => `-mkdir ${parent}`)
        await this.#do([...made, `put file ${partial}`, `get ${partial} back`], dir)
        await rm(file)
        await check(join(dir, 'back'))
        await this.#rename(partial, name)
      } catch (error) {
        // Before the room is freed again.
        const room = error instanceof ProgramFailure ? await this.#room() : ''
        const left = await sftp(this.#address, [`-rm ${partial}`], this.name, { timeout: TAKE_BACK }).then(
          () => undefined,
          () => partial,
        )
        throw error instanceof ProgramFailure ? this.#refused(error, room, left) : error
      }
    })
  }

  /** A server that cannot replace a file refuses. Then the file of that name stays: it is the same entry. */
  async #rename(partial: string, name: string): Promise<void> {
    try {
      await this.#do([`rename ${partial} ${this.#path(name)}`])
    } catch (error) {
      if (!(error instanceof ProgramFailure) || !(await this.list())?.some((entry) => entry.name === name)) throw error
      await this.remove([partial.replace(/^.*\//, '')])
    }
  }

  async remove(names: readonly string[]): Promise<void> {
    if (names.length > 0) await this.#do(names.map((name) => `-rm ${this.#path(name)}`))
  }
}
