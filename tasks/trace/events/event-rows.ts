/**
 * Events as lines of a table for DuckDB's CSV reader: five times as fast as filling its rows one value at a time, and
 * nothing of the table is in memory. Texts come byte by byte (latin1), as the file had them.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'

/**
 * Columns of the table of an imported trace: those of a run's own, then where the event stood and what stood before it,
 * and its bytes where they are no text.
 */
export const ROW_COLUMNS = {
  time_ns: 'UBIGINT',
  cpu: 'USMALLINT',
  pid: 'UINTEGER',
  comm: 'VARCHAR',
  flags: 'VARCHAR',
  event: 'VARCHAR',
  message: 'VARCHAR',
  line: 'UBIGINT',
  prefix: 'VARCHAR',
  odd: 'VARCHAR',
} as const

/** What DuckDB makes of them: `raw` has the bytes of a message that is no UTF-8, and is null otherwise. */
export const SELECTED = `time_ns, cpu, pid,
  CASE WHEN odd IS NULL THEN comm ELSE decode(unhex(comm)) END AS comm, flags, event,
  CASE WHEN odd IS NULL THEN message ELSE decode(unhex(message)) END AS message, line,
  CASE WHEN odd IS NULL THEN prefix ELSE decode(unhex(prefix)) END AS prefix, unhex(nullif(odd, 'x')) AS raw`

/** ASCII's own separator of fields; a text that holds it is written in hexadecimal. */
export const DELIMITER = '\x1f'
/** What stands for "no value"; no text is written so either. */
export const NULL = '\x1e'

/** Neither delimiter, nor line end, nor a byte beyond ASCII: what can be written as it is. */
// oxlint-disable-next-line no-control-regex -- these are what matters
const ODD = /[\x00\n\r\x1e\x1f\x80-\xff]/
const ODD_BYTES = [0x00, 0x0d, 0x1e, 0x1f] as const

/** Whether no line in these bytes needs a closer look: as fast as memory, where a pattern for each line is not. */
export const isPlain = (bytes: Buffer): boolean => isAscii(bytes) && !ODD_BYTES.some((byte) => bytes.includes(byte))

/** The Unicode Standard, table 3-7: every well-formed sequence; the group has a byte that is in none. */
const UTF8 =
  // oxlint-disable-next-line no-control-regex -- bytes
  /[\x00-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|([\x80-\xff])/g

const fromLatin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Bytes as text that can be shown: those that are no UTF-8 as \xNN. Comes and goes byte by byte. */
const escaped = (text: string): string =>
  text.replace(UTF8, (whole, bad: string | undefined) =>
    bad === undefined ? whole : `\\x${bad.charCodeAt(0).toString(16)}`,
  )

/** Bytes (latin1) of UTF-8 as a string of JavaScript; what is no UTF-8 as \xNN. */
export const decoded = (text: string): string => (ODD.test(text) ? fromLatin1(escaped(text)).toString('utf8') : text)

const hex = (text: string): string => fromLatin1(text).toString('hex')

/**
 * Rows that wait to be written. An array of fields that is joined once costs half of what one string that grows does.
 */
export class Rows {
  #fields: string[] = []
  /** Last field of the row before, which is written together with the first of the next. */
  #last = ''
  /** Rows that wait. */
  count = 0

  /**
   * The texts of the event are bytes (latin1). `line`: where it stood in its file, from 1; `plain`: its file was so
   * there (`isPlain`).
   */
  add(event: TraceEvent, line: number, plain: boolean): void {
    const { timeNs, cpu, pid, comm, flags = NULL, event: name, message, prefix } = event
    const first = this.count++ === 0 ? `${timeNs}` : `${this.#last}\n${timeNs}`
    if (plain ? !message.includes('\n') : !ODD.test(message) && !ODD.test(comm) && !ODD.test(prefix ?? '')) {
      this.#fields.push(first, `${cpu}`, `${pid}`, comm, flags, name, message, `${line}`, prefix ?? NULL)
      this.#last = NULL
      return
    }
    const texts = [hex(escaped(comm)), flags, name, hex(escaped(message))]
    this.#fields.push(
      first,
      `${cpu}`,
      `${pid}`,
      ...texts,
      `${line}`,
      prefix === undefined ? NULL : hex(escaped(prefix)),
    )
    this.#last = isUtf8(fromLatin1(message)) ? 'x' : hex(message)
  }

  /** All that wait, as lines; none wait afterwards. */
  take(): Buffer {
    const text = this.count === 0 ? '' : `${this.#fields.join(DELIMITER)}${DELIMITER}${this.#last}\n`
    this.#fields = []
    this.count = 0
    return fromLatin1(text)
  }
}
