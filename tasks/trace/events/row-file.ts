/**
 * A table of events that is written line by line, and then turned into Parquet. Memory is bounded whatever the events
 * are.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { literally, openDatabase, quoted } from '../duckdb.ts'
import { DELIMITER, NULL, ROW_COLUMNS, Rows, SELECTED } from './event-rows.ts'

/** Rows, and characters of their messages, that are gathered before they are written. */
const BATCH = { rows: 512, characters: 1 << 20 } as const
/** Bytes of one file of lines: DuckDB takes 2048 lines at once, and of one file only. */
const PART = 16 << 20
/** A message of bytes that are no UTF-8 is written as \xNN in hexadecimal and as bytes in hexadecimal. */
const ODD_FACTOR = 10
/** What DuckDB may use, and the size of one group of rows. Together with Node it stays below 400 MB. */
const MEMORY = '64MB'
/** The same where a message is longer than `LONG` characters: 2048 of them are in memory at once. */
const MEMORY_FOR_LONG = '512MB'
const LONG = 32_768
const GROUP = '8MB'

export class RowFile implements Disposable {
  readonly #base: string
  readonly #parts: string[] = []
  #fd: number | undefined
  #written = 0
  readonly #rows = new Rows()
  #characters = 0
  #longest = 0
  /** Events so far. */
  count = 0

  /** @param base beginning of the names of temporary files; the caller removes their directory */
  constructor(base: string) {
    this.#base = base
  }

  /** Takes an event whose texts are bytes (latin1), see `Rows`. Throws the error of the disk. */
  add(event: TraceEvent, line: number, plain: boolean): void {
    this.#rows.add(event, line, plain)
    this.count++
    const { length } = event.message
    if (length > this.#longest) this.#longest = length
    this.#characters += length
    if (this.#rows.count >= BATCH.rows || this.#characters >= BATCH.characters) this.#flush()
  }

  #flush(): void {
    if (this.#fd === undefined || this.#written > PART) {
      if (this.#fd !== undefined) closeSync(this.#fd)
      const part = `${this.#base}.${this.#parts.length}`
      this.#fd = openSync(part, 'w')
      this.#parts.push(part)
      this.#written = 0
    }
    const bytes = this.#rows.take()
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at)
    this.#written += bytes.length
    this.#characters = 0
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  /** Writes the table as Parquet, whole or not at all, and removes the lines. Throws DuckDB's own error. */
  async finish(file: string): Promise<void> {
    this.#flush()
    this[Symbol.dispose]()
    const partial = `${file}.partial`
    // In hexadecimal, as text and as bytes, and \xNN for each.
    const longest = Math.max(2 << 20, this.#longest * ODD_FACTOR + 4096)
    // One thread keeps the order, although DuckDB is told that it need not: only then it counts the bytes of a group.
    using database = await openDatabase({
      threads: '1',
      memory_limit: this.#longest > LONG ? MEMORY_FOR_LONG : MEMORY,
      preserve_insertion_order: 'false',
      temp_directory: `${this.#base}.spill`,
    })
    const columns = Object.entries(ROW_COLUMNS).map(([name, type]) => `${name}: '${type}'`)
    const source = `read_csv([${this.#parts.map((part) => quoted(literally(part))).join(', ')}], delim=${quoted(DELIMITER)}, nullstr=${quoted(NULL)}, quote='', escape='',
      header=false, auto_detect=false, parallel=false, strict_mode=true, new_line='\\n', max_line_size=${longest}, buffer_size=${longest * 2 + 1},
      columns={${columns.join(', ')}})`
    try {
      await database.connection.run(
        `COPY (SELECT ${SELECTED} FROM ${source}) TO ${quoted(partial)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES '${GROUP}')`,
      )
      await rename(partial, file)
    } finally {
      for (const path of [partial, ...this.#parts, `${this.#base}.spill`])
        await rm(path, { recursive: true, force: true })
    }
  }
}
