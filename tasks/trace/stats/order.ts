/**
 * Whether events come in the same order each time: sequences and how often each was seen, pairs of events that were
 * seen in both orders, and how far each sequence is from the most common one. Which parameter a sequence hangs on is
 * `dependence.ts`.
 */

/** One sequence: a read() of a run, or a whole run. */
export interface Unit {
  readonly run: string
  /** From 1 within the run. */
  readonly number: number
  /** What the event is called, in the order of time; without what differs from hit to hit, such as addresses. */
  readonly labels: readonly string[]
}

export interface DistinctSequence {
  readonly labels: readonly string[]
  /** Units that are this sequence. */
  readonly count: number
  /** The first of them. */
  readonly first: Pick<Unit, 'run' | 'number'>
  readonly runs: number
  /** Pairs of events that stand the other way round than in the most common sequence (Kendall's distance). */
  readonly inversions: number
  /**
   * Events that the most common sequence has and this one has not, and the reverse; repeated ones as often as they
   * differ.
   */
  readonly missing: readonly string[]
  readonly added: readonly string[]
}

/** Two kinds of events that were not always in one order. */
export interface UnstablePair {
  readonly a: string
  readonly b: string
  /** Units in which every A came before every B; the reverse; and those in which they alternate. */
  readonly before: number
  readonly after: number
  readonly mixed: number
  /** A unit in which it was the rarer way. */
  readonly example: Pick<Unit, 'run' | 'number'>
}

export interface Order {
  readonly units: number
  readonly runs: number
  /** Most common first; what was seen equally often in the order of appearance. */
  readonly distinct: readonly DistinctSequence[]
  /** Of each unit, the index of its sequence in `distinct`. */
  readonly of: readonly number[]
  readonly unstable: readonly UnstablePair[]
  /** Pairs that stood in one order wherever both occurred. */
  readonly stablePairs: number
  /** Kinds of events that were not compared because there are more than MOST_KINDS. */
  readonly notCompared: number
}

/** Pairs grow with the square of it. */
const MOST_KINDS = 200

/**
 * The k-th event of a kind becomes one of its own, so that a sequence is a permutation: the k-th is always before the
 * next of its kind.
 */
function numbered(labels: readonly string[]): string[] {
  const seen = new Map<string, number>()
  return labels.map((label) => {
    const count = (seen.get(label) ?? 0) + 1
    seen.set(label, count)
    return `${count} ${label}`
  })
}

const kindOf = (step: string): string => step.slice(step.indexOf(' ') + 1)

/** Pairs of a list of numbers that are in descending order; by merging, n log n (Knuth, TAOCP 3, 5.1.1). */
export function inversions(list: readonly number[]): number {
  if (list.length < 2) return 0
  const middle = list.length >> 1
  const [left, right] = [list.slice(0, middle), list.slice(middle)]
  let count = inversions(left) + inversions(right)
  left.sort((x, y) => x - y)
  right.sort((x, y) => x - y)
  let taken = 0
  for (const value of left) {
    while ((right[taken] ?? Infinity) < value) taken++
    count += taken
  }
  return count
}

/** What separates a sequence from the reference. */
function against(
  reference: readonly string[],
  labels: readonly string[],
): Pick<DistinctSequence, 'inversions' | 'missing' | 'added'> {
  const place = new Map(numbered(reference).map((step, index) => [step, index]))
  const own = numbered(labels)
  const has = new Set(own)
  return {
    inversions: inversions(own.flatMap((step) => place.get(step) ?? [])),
    missing: [...place.keys()].filter((step) => !has.has(step)).map(kindOf),
    added: own.filter((step) => !place.has(step)).map(kindOf),
  }
}

interface Found {
  readonly labels: readonly string[]
  readonly units: Unit[]
}

interface Span {
  first: number
  last: number
}

function spansOf(labels: readonly string[], kinds: ReadonlySet<string>): [string, Span][] {
  const spans = new Map<string, Span>()
  for (const [index, label] of labels.entries()) {
    if (!kinds.has(label)) continue
    const span = spans.get(label)
    if (span) span.last = index
    else spans.set(label, { first: index, last: index })
  }
  return [...spans]
}

type Way = 'before' | 'after' | 'mixed'

/**
 * Every pair of kinds by the way it was seen in each sequence; one look at a sequence counts for all units that are it.
 */
function pairsOf(found: readonly Found[], kinds: ReadonlySet<string>): Pick<Order, 'unstable' | 'stablePairs'> {
  type Counts = Record<Way, number> & { example: Partial<Record<Way, Unit>> }
  const pairs = new Map<string, Map<string, Counts>>()
  const order = [...kinds]
  const rank = new Map(order.map((kind, index) => [kind, index]))
  for (const { labels, units } of found) {
    const spans = spansOf(labels, kinds).toSorted(([x], [y]) => (rank.get(x) ?? 0) - (rank.get(y) ?? 0))
    for (const [index, [a, span]] of spans.entries())
      for (const [b, other] of spans.slice(index + 1)) {
        const way: Way = span.last < other.first ? 'before' : other.last < span.first ? 'after' : 'mixed'
        const ofA = pairs.get(a) ?? new Map<string, Counts>()
        const counts = ofA.get(b) ?? { before: 0, after: 0, mixed: 0, example: {} }
        counts[way] += units.length
        if (units[0]) counts.example[way] ??= units[0]
        pairs.set(a, ofA.set(b, counts))
      }
  }
  const unstable: UnstablePair[] = []
  let stablePairs = 0
  for (const [a, others] of pairs)
    for (const [b, { before, after, mixed, example }] of others) {
      // Kinds that alternate in every unit have an order too: which of them begins is the sequence's affair.
      if ([before, after, mixed].filter((count) => count > 0).length < 2) {
        stablePairs++
        continue
      }
      const turned = after > before
      const rare = (turned ? example.before : example.after) ?? example.mixed
      const pair = turned ? { a: b, b: a, before: after, after: before } : { a, b, before, after }
      const { run = '', number = 0 } = rare ?? {}
      unstable.push({ ...pair, mixed, example: { run, number } })
    }
  return { unstable: unstable.toSorted((x, y) => y.after + y.mixed - (x.after + x.mixed)), stablePairs }
}

/** All of the above about these units. Kinds are compared in the order in which the most common sequence has them. */
export function orderOf(units: readonly Unit[]): Order {
  const byText = new Map<string, Found>()
  const texts = units.map((unit) => {
    const text = unit.labels.join('\n')
    const found = byText.get(text)
    if (found) found.units.push(unit)
    else byText.set(text, { labels: unit.labels, units: [unit] })
    return text
  })
  // Sorting is stable: equal counts stay in the order of appearance.
  const sorted = [...byText].toSorted(([, x], [, y]) => y.units.length - x.units.length)
  const reference = sorted[0]?.[1].labels ?? []
  const index = new Map(sorted.map(([text], at) => [text, at]))
  const found = sorted.map(([, value]) => value)
  const kinds = new Set(found.flatMap(({ labels }) => labels))
  const compared = new Set([...kinds].slice(0, MOST_KINDS))
  return {
    units: units.length,
    runs: new Set(units.map(({ run }) => run)).size,
    distinct: found.map(({ labels, units: own }) => ({
      labels,
      count: own.length,
      first: { run: own[0]?.run ?? '', number: own[0]?.number ?? 0 },
      runs: new Set(own.map(({ run }) => run)).size,
      ...against(reference, labels),
    })),
    of: texts.map((text) => index.get(text) ?? 0),
    ...pairsOf(found, compared),
    notCompared: kinds.size - compared.size,
  }
}
