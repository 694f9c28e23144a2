/** Archives on loopback, and indexes that are signed with keys made for one test. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { hashText } from '../../engine/fingerprint.ts'
import { tempDir } from '../../test/temp-dir.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void
export type Files = Readonly<Record<string, Buffer | Handler>>

/** An archive on loopback with these files; everything else is 404. Its address, and the paths that were asked for. */
export async function serve(files: Files): Promise<{ base: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').slice(1))
    asked.push(path)
    const found = files[path]
    if (found === undefined) response.writeHead(404).end('no')
    else if (typeof found === 'function') found(request, response)
    else response.writeHead(200, { 'content-length': found.length }).end(found)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked }
}

/** A key that signs: valid for a year from a day on. */
export class SigningKey {
  readonly #home = tempDir()
  readonly #day: string
  /** A file with its public half. */
  readonly ring = join(this.#home, 'ring.gpg')

  /** @param day "20200101": the key is made, and everything is signed, on this day; today when left out */
  constructor(day?: string) {
    this.#day = day ?? ''
    mkdirSync(join(this.#home, 'gnupg'), { mode: 0o700 })
    this.#gpg(
      'T000000',
      '--passphrase',
      '',
      '--quick-generate-key',
      'Archive of a test <test@example.org>',
      'ed25519',
      'sign',
      '1y',
    )
    writeFileSync(this.ring, this.#gpg('T120000', '--export'))
    onTestFinished(() => void execFileSync('gpgconf', ['--homedir', join(this.#home, 'gnupg'), '--kill', 'all']))
  }

  /**
   * The faked clock goes on, so a key that took a second to make is of that second; a signature is made at noon, and
   * never before its key was.
   */
  #gpg(time: 'T000000' | 'T120000', ...words: readonly string[]): Buffer {
    const day = this.#day === '' ? [] : ['--faked-system-time', `${this.#day}${time}`]
    return execFileSync(
      'gpg',
      ['--homedir', join(this.#home, 'gnupg'), '--batch', '--yes', '--quiet', ...day, ...words],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
  }

  /** The text with its signature around it, as an InRelease is. */
  sign(text: string): Buffer {
    const [plain, signed] = ['plain', 'signed'].map((name) => join(this.#home, name))
    if (plain === undefined || signed === undefined) throw new Error('two names')
    writeFileSync(plain, text)
    this.#gpg('T120000', '--clearsign', '--output', signed, plain)
    return readFileSync(signed)
  }
}

const INDEX = 'main/binary-amd64/Packages.xz'

/** Files of a suite with these records of packages. @param fields of its Release */
export function suite(
  name: string,
  records: readonly string[],
  key: SigningKey,
  fields: readonly string[] = [],
): Files {
  const packages = execFileSync('xz', ['--stdout', '--compress'], { input: `${records.join('\n\n')}\n` })
  const release = [
    `Suite: ${name}`,
    `Codename: ${name}`,
    ...fields,
    'SHA256:',
    ` ${hashText(packages)} ${packages.length} ${INDEX}`,
  ]
  return { [`dists/${name}/InRelease`]: key.sign(`${release.join('\n')}\n`), [`dists/${name}/${INDEX}`]: packages }
}
