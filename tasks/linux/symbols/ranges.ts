/** Addresses, sorted: is one of them in a range? */
import type { Address } from './facts.ts'

export class SortedAddresses {
  readonly #all: Uint32Array

  constructor(addresses: Iterable<Address>) {
    this.#all = Uint32Array.from(addresses).toSorted()
  }

  /** The first one at or after an address; undefined behind the last. */
  from(address: Address): Address | undefined {
    let [low, high] = [0, this.#all.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#all[middle] ?? 0) < address) low = middle + 1
      else high = middle
    }
    return this.#all[low]
  }

  /** One of them is in [start, end). */
  within(start: Address, end: Address): boolean {
    const found = this.from(start)
    return found !== undefined && found < end
  }
}
