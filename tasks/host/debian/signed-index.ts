/** The signed list of an archive's indexes (InRelease), believed only as far as it is signed and in time. */
import { readFile, rm } from 'node:fs/promises'
import { labError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { run } from '../sh.ts'

/** Keys of Debian's archives; another file for a mirror that is signed otherwise. */
const keyring = (): string => process.env['LAB_DEBIAN_KEYRING'] || '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * What gpgv says of a signature on --status-fd (gnupg, doc/DETAILS), and what that means for the index. The first that
 * fits is the cause.
 */
const BAD: readonly (readonly [status: string, fact: string, wayOut: string])[] = [
  ['BADSIG', 'its index was changed after it was signed', 'take another mirror: LAB_DEBIAN_MIRROR'],
  [
    'EXPKEYSIG',
    'its index is signed with a key that has expired',
    'suites that were archived stay so; for others update the package debian-archive-keyring',
  ],
  ['REVKEYSIG', 'its index is signed with a key that was revoked', 'take another mirror: LAB_DEBIAN_MIRROR'],
  [
    'NO_PUBKEY',
    'its index is signed with a key that this host does not know',
    'update the package debian-archive-keyring, or name the keys of the mirror with LAB_DEBIAN_KEYRING',
  ],
]

/**
 * The text of an InRelease that is signed. What stands around it is not.
 * gpgv alone does not do: it ends with 0 for a key that has expired, and with 2 where one of several keys is not known.
 * @throws a lab's Failure where no valid signature is there
 */
async function signedText(inRelease: string, place: string, signal: AbortSignal): Promise<string> {
  const text = `${inRelease}.text`
  try {
    await rm(text, { force: true })
    const { stdout, stderr } = await run(
      ['gpgv', '--status-fd', '1', '--keyring', keyring(), '--output', text, inRelease],
      { signal, place, accept: [0, 1, 2] },
    )
    const words = new Set(Array.from(stdout.matchAll(/^\[GNUPG:\] (\w+)/gm), ([, word = '']) => word))
    if (words.has('GOODSIG') && !words.has('BADSIG')) return await readFile(text, 'utf8')
    const [, fact, wayOut] = BAD.find(([status]) => words.has(status)) ?? []
    throw labError({
      place,
      fact: fact ?? 'its index is not signed',
      lines: stderr
        .split('\n')
        .filter(Boolean)
        .slice(-3)
        .map((line) => printable(line, 160)),
      wayOut: wayOut ?? 'is this a Debian mirror? LAB_DEBIAN_MIRROR names another one',
    })
  } finally {
    await rm(text, { force: true })
  }
}

/**
 * The SHA-256 that a signed InRelease has for a file.
 * @param now milliseconds since 1970
 * @throws a lab's Failure for one that is not signed, is out of date (Valid-Until), or does not list the file
 */
export async function signedHash(
  inRelease: string,
  file: string,
  place: string,
  now: number,
  signal: AbortSignal,
): Promise<string> {
  const text = await signedText(inRelease, place, signal)
  const until = /^Valid-Until: (.*)$/m.exec(text)?.[1]
  if (until !== undefined && Date.parse(until) < now)
    throw labError({
      place,
      fact: `its index was valid until ${printable(until, 60)}: the mirror has not been updated since`,
      wayOut: 'take another mirror: LAB_DEBIAN_MIRROR; is the clock of this host right?',
    })
  const hash = new RegExp(`^ ([0-9a-f]{64}) +\\d+ ${file.replaceAll('.', String.raw`\.`)}$`, 'm').exec(text)?.[1]
  if (hash === undefined)
    throw labError({ place, fact: `its index does not list ${file}`, wayOut: 'is the suite named right?' })
  return hash
}
