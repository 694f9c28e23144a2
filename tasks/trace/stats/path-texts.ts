/** Different messages of many runs as numbers, and what each can be in the order of a read. */
import { matches, type Pattern } from '../../config/text/pattern.ts'
import { withoutAddresses } from '../events/sequences.ts'
import { kindOfMessage } from '../events/steps.ts'

interface Text {
  readonly text: string
  /** One message that it stands for. */
  readonly sample: string
  /** Number of the same text without numbers: what tells steps apart where nothing is declared. */
  readonly kind: number
}

/** Messages that differ in addresses only share a number. */
export class PathTexts {
  readonly texts: Text[] = []
  readonly kinds: string[] = []
  readonly #many: boolean
  readonly #declared: readonly Pattern[]
  readonly #orders: { readonly order: readonly Pattern[]; readonly masks: number[] }[] = []
  readonly #numbers = new Map<string, number>()
  readonly #kinds = new Map<string, number>()

  /**
   * @param many there are too many to be told apart: their numbers are left out, too
   * @param declared the steps of all orders
   */
  constructor(many: boolean, declared: readonly Pattern[]) {
    this.#many = many
    this.#declared = declared
  }

  /** @throws as `matches`: call it below `inTime` */
  numberOf(message: string): number {
    const text = this.#many ? kindOfMessage(message) : withoutAddresses(message)
    // A number that is left out can be the one that an order asks for: messages that fit other steps stay apart.
    const key = this.#many ? `${text}\0${this.#fitting(message)}` : text
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.texts.length
      this.#numbers.set(key, number)
      this.texts.push({ text, sample: message, kind: this.#kindOf(text) })
      for (const { order, masks } of this.#orders)
        masks[number] = order.reduce((mask, step, index) => (matches(step, message) ? mask | (1 << index) : mask), 0)
    }
    return number
  }

  /** A bit for each step of an order, for texts by their numbers. Ask before the first text comes. */
  masksOf(order: readonly Pattern[]): (text: number) => number {
    const masks: number[] = []
    this.#orders.push({ order, masks })
    return (number) => masks[number] ?? 0
  }

  #fitting(message: string): string {
    return this.#declared.map((pattern) => (matches(pattern, message) ? '1' : '0')).join('')
  }

  #kindOf(text: string): number {
    const kind = kindOfMessage(text)
    let number = this.#kinds.get(kind)
    if (number === undefined) {
      number = this.kinds.length
      this.#kinds.set(kind, number)
      this.kinds.push(kind)
    }
    return number
  }
}
