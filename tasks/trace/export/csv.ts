/**
 * RFC 4180, with \n for line ends. Texts come from guests, and go to terminals and spreadsheets: control characters
 * become visible escapes, and what a spreadsheet would take for a formula (OWASP, "CSV injection") begins with an
 * apostrophe.
 */
import { printableText } from '../../engine/printable.ts'

const FORMULA = /^[=+\-@\t\r]/
const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** A cell: null is nothing, an empty text is "". */
export function csvCell(value: string | number | bigint | boolean | null): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const text = printableText(FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value)
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A row, without its line end. */
export const csvRow = (values: readonly (string | number | bigint | boolean | null)[]): string =>
  values.map(csvCell).join(',')
