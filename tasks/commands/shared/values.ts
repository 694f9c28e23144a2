/** What the text of an option becomes, and which texts are refused. */
import { resolve } from 'node:path'
import { userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import type { Parse } from '../command.ts'

const last = (texts: readonly string[]): string => texts.at(-1) ?? ''

/** Every text that was given: the option can be repeated. */
export const repeated: Parse<readonly string[]> = (texts) => texts

/** An absolute path; a relative one is resolved against the current directory. */
export const path: Parse<string> = (texts) => resolve(last(texts))

/** A whole number within these bounds, both included; `what` says what it stands for ("a number of repeats"). */
export const wholeNumber =
  (what: string, least: number, most: number): Parse<number> =>
  (texts, flag) => {
    const text = last(texts)
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw userError({
      place: flag,
      fact: `${printable(JSON.stringify(text), 40)} is not ${what}`,
      wayOut: `a whole number from ${least} to ${most}`,
    })
  }

/** One of these words; `kind` is what they are, in the singular ("accelerator"). */
export const oneWordOf =
  <const Word extends string>(kind: string, words: readonly Word[]): Parse<Word> =>
  (texts, flag) => {
    const text = last(texts)
    const known = words.find((word) => word === text)
    if (known !== undefined) return known
    throw userError({
      place: flag,
      fact: `there is no ${kind} ${printable(JSON.stringify(text), 40)}`,
      wayOut: `use ${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`,
    })
  }
