/** A preprocessor condition under a .config: "defined(CONFIG_A) && !IS_ENABLED(CONFIG_B)". */

export interface Condition {
  /** undefined where something else than options decides. */
  readonly holds: boolean | undefined
  /** Options in it that have another value than it wants, as far as one can say; without CONFIG_. */
  readonly off: readonly string[]
}

const TOKEN =
  /\s*(?:(defined|IS_ENABLED|IS_BUILTIN|IS_MODULE|IS_REACHABLE)\s*\(?\s*(\w+)\s*\)?|defined\s+(\w+)|(\w+)|(&&|\|\||[!()])|(.))/gy

interface Term {
  readonly holds: boolean | undefined
  readonly off: readonly string[]
}

const UNKNOWN: Term = { holds: undefined, off: [] }

function option(name: string, test: string, config: ReadonlyMap<string, string>): Term {
  const [, module] = /^CONFIG_(\w+)_MODULE$/.exec(name) ?? []
  const symbol = module ?? /^CONFIG_(\w+)$/.exec(name)?.[1]
  if (symbol === undefined) return UNKNOWN
  const value = config.get(symbol) ?? 'n'
  const asModule = test === 'IS_MODULE' || module !== undefined
  const holds = asModule ? value === 'm' : test === 'IS_ENABLED' ? value !== 'n' : value !== 'n' && value !== 'm'
  return { holds, off: holds ? [] : [symbol] }
}

const not = ({ holds, off }: Term, all: readonly string[]): Term =>
  holds === undefined ? UNKNOWN : { holds: !holds, off: holds ? all : off.length > 0 ? [] : off }

const and = (a: Term, b: Term): Term => ({
  holds: a.holds === false || b.holds === false ? false : a.holds === true && b.holds === true ? true : undefined,
  off: [...(a.holds === false ? a.off : []), ...(b.holds === false ? b.off : [])],
})

const or = (a: Term, b: Term): Term => ({
  holds: a.holds === true || b.holds === true ? true : a.holds === false && b.holds === false ? false : undefined,
  off: a.holds === true || b.holds === true ? [] : [...a.off, ...b.off],
})

/** By descent: or of ands of factors. What is no option makes its factor unknown. */
class Reader {
  readonly #tokens: readonly RegExpMatchArray[]
  readonly #config: ReadonlyMap<string, string>
  #at = 0

  constructor(text: string, config: ReadonlyMap<string, string>) {
    this.#tokens = [...text.matchAll(TOKEN)]
    this.#config = config
  }

  #sign(): string | undefined {
    return this.#tokens[this.#at]?.[5]
  }

  any(): Term {
    let term = this.#all()
    while (this.#sign() === '||') {
      this.#at++
      term = or(term, this.#all())
    }
    return term
  }

  #all(): Term {
    let term = this.#factor()
    while (this.#sign() === '&&') {
      this.#at++
      term = and(term, this.#factor())
    }
    return term
  }

  #factor(): Term {
    const token = this.#tokens[this.#at]
    if (!token) return UNKNOWN
    this.#at++
    const [, test, name, defined, word, sign] = token
    let term: Term = UNKNOWN
    if (sign === '!') {
      const from = this.#at
      const inner = this.#factor()
      const names = this.#tokens
        .slice(from, this.#at)
        .flatMap((one) => /^CONFIG_(\w+)/.exec(one[2] ?? one[4] ?? '')?.[1] ?? [])
      return not(inner, names)
    }
    if (sign === '(') {
      term = this.any()
      if (this.#sign() === ')') this.#at++
    } else if (test !== undefined && name !== undefined) term = option(name, test, this.#config)
    else if (defined !== undefined) term = option(defined, 'defined', this.#config)
    else if (word === '0') term = { holds: false, off: [] }
    else if (word !== undefined) term = option(word, 'defined', this.#config)
    return this.#rest(term)
  }

  /** A comparison ("> 3") is about a number: not ours. */
  #rest(term: Term): Term {
    let rest = term
    for (let sign = this.#sign(); this.#at < this.#tokens.length; sign = this.#sign()) {
      if (sign === '&&' || sign === '||' || sign === ')') return rest
      rest = UNKNOWN
      this.#at++
    }
    return rest
  }
}

/** What a condition comes to. */
export const conditionUnder = (text: string, config: ReadonlyMap<string, string>): Condition =>
  new Reader(text, config).any()
