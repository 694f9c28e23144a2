/**
 * Values that are part of an address: the low byte where a character was wanted (the pointer itself was read, not what
 * it points to), and the low 32 bits where the address was wanted (%x takes an int).
 */
import type { Findings, Reader } from './finding.ts'

/** A user or kernel address as %p and %lx print it. */
const ADDRESS = /\b0x([0-9a-f]{9,16})\b/g
const VALUE = /(?<!\bfile )\b(?:value|char|byte)\b[ :=]+(?:0x)?([0-9a-f]{1,8})\b(?![-\w])/i
export const ADDRESS_NEEDLES: readonly string[] = ['0x']
const WORD32 = /\b(?:0x)?([1-9a-f][0-9a-f]{7})\b/g
/** A value may stand so many lines below its address. */
const NEAR = 2
/** Addresses and values that are remembered. */
const MOST = 1000

/** The low byte as %x prints a signed char: 0xe0 is ffffffe0. */
const asSignedChar = (address: bigint): number => Number(BigInt.asIntN(8, address) & 0xffff_ffffn)

interface Match {
  readonly line: string
  readonly number: number
  readonly text: string
}

export class Addresses implements Reader {
  readonly #findings: Findings
  readonly #recent: { readonly number: number; readonly address: bigint }[] = []
  /** Low 32 bits of each address that was seen, and values of 32 bits that were printed. */
  readonly #low = new Map<string, string>()
  readonly #words = new Map<string, number>()
  readonly #bytes: Match[] = []
  readonly #zeros: Match[] = []

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** A line that is no trace. */
  readonly feed = (line: string, number: number): void => {
    const own = this.#see(line, number)
    // The pattern costs more than everything else here; without an address before it a value says nothing.
    const value = own.length > 0 || this.isNear(number) ? VALUE.exec(line) : null
    if (value?.[1] === undefined) return
    const before = own.filter(({ index }) => index < value.index).map(({ address }) => address)
    const near = this.#recent.filter((one) => one.number < number && number - one.number <= NEAR)
    const candidates = before.length > 0 ? before : near.map(({ address }) => address)
    const found = candidates.find((address) => asSignedChar(address) === Number.parseInt(value[1] ?? '', 16))
    if (found === undefined) return
    const match = { line, number, text: `${value[1]} of 0x${found.toString(16)}` }
    const kept = asSignedChar(found) === 0 ? this.#zeros : this.#bytes
    if (kept.length < MOST) kept.push(match)
  }

  /** An address stands so close above this line that a value in it may be its low byte. */
  isNear(number: number): boolean {
    const last = this.#recent.at(-1)
    return last !== undefined && number - last.number <= NEAR
  }

  #see(line: string, number: number): { index: number; address: bigint }[] {
    if (!line.includes('0x')) return []
    const own = Array.from(line.matchAll(ADDRESS), (match) => ({
      index: match.index,
      address: BigInt(match[0]),
    })).filter(({ address }) => address > 0xffff_ffffn)
    for (const { address } of own) {
      this.#recent.push({ number, address })
      if (this.#recent.length > 8) this.#recent.shift()
      const low = (address & 0xffff_ffffn).toString(16)
      if (this.#low.size < MOST) this.#low.set(low, address.toString(16))
    }
    return own
  }

  /** A message of a probe: addresses that lost their upper half. */
  printed(message: string, number: number): void {
    this.#see(message, number)
    for (const [, word = ''] of message.matchAll(WORD32))
      if (this.#words.size < MOST && !this.#words.has(word)) this.#words.set(word, number)
  }

  readonly end = (): void => {
    // A zero is the low byte of every page-aligned address by chance; it counts only in company.
    const matches =
      this.#bytes.length > 0 ? [...this.#bytes, ...this.#zeros].toSorted((a, b) => a.number - b.number) : []
    if (matches.length > 0)
      this.#findings.add(
        {
          rule: 'the low byte of an address',
          what: `${matches.length} value${matches.length === 1 ? ' is' : 's are'} the low byte of the address next to ${matches.length === 1 ? 'it' : 'them'}`,
          cause:
            'the byte was taken from the pointer that the map holds, and not from the memory that it points to; %x shows it sign-extended',
          fixes: [
            'read the byte with bpf_probe_read (bpf_probe_read_user since 5.5) through the address, and print it with %d',
          ],
          evidence: matches.slice(0, 8).map(({ text }) => text),
        },
        matches.map(({ number }) => number),
      )
    for (const [word, number] of this.#words) {
      const address = this.#low.get(word)
      if (address !== undefined)
        this.#findings.add(
          {
            rule: 'the low half of an address',
            what: 'a printed value is the low 32 bits of an address',
            cause: '%x and %d take 32 bits; the upper half of the address is not printed',
            fixes: ['print it with %lx'],
            evidence: [`${word} of 0x${address}`],
          },
          [number],
        )
    }
  }
}
