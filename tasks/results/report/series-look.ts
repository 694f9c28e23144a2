/** What series are called in figures, and how they look: the same in all figures of an experiment. */
import { printable } from '../../engine/printable.ts'
import { SERIES } from './theme.ts'

const SHAPES = [
  'circle',
  'square',
  'triangle-up',
  'diamond',
  'cross',
  'triangle-down',
  'triangle-right',
  'triangle-left',
]
const LABEL = 70

/** A text as a figure has room for it. */
export const label = (text: string): string => printable(text, LABEL)

/** What each series is called. Two that are the same once they are cut are numbered: they were drawn as one. */
function namesOf(labels: readonly string[]): Map<string, string> {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  for (const text of new Set(labels)) {
    let name = label(text)
    for (let number = 2; taken.has(name); number++) name = `${label(text)} (${number})`
    taken.add(name)
    names.set(text, name)
  }
  return names
}

/** Series that look the same in all figures of an experiment: name, colour and shape by their place. */
export function scales(labels: readonly string[]) {
  const names = namesOf(labels)
  const domain = labels.map((text) => names.get(text) ?? '')
  return {
    nameOf: (text: string): string => names.get(text) ?? label(text),
    color: { domain, range: domain.map((_, index) => SERIES[index % SERIES.length] ?? '') },
    shape: { domain, range: domain.map((_, index) => SHAPES[index % SHAPES.length] ?? '') },
  }
}
