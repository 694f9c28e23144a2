/** RFC 4180, with \n for line ends. */

/** A cell: null is nothing, an empty text is "". */
export const csvCell = (value: string | number | bigint | boolean | null): string => {
  const text = value === null ? '' : String(value)
  return value !== null && (text === '' || /[",\r\n]/.test(text)) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A row, without its line end. */
export const csvRow = (values: readonly (string | number | bigint | boolean | null)[]): string =>
  values.map(csvCell).join(',')
