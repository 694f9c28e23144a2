/** What a file is, by its first bytes: a trace, or something else that has a name. */

export type FileKind =
  | { readonly form: 'trace.dat'; readonly version: number }
  | { readonly form: 'text' }
  /** No trace. `what`: "a PNG picture". `wayOut` where there is one but "another file". */
  | { readonly form: 'other'; readonly what: string; readonly wayOut?: string }

/** So many bytes are enough to tell. */
export const HEAD_BYTES = 65_536

/** Documentation/trace-cmd/trace-cmd.dat.v6.5.txt and v7: 0x17 0x08 0x44, "tracing", the version as text, NUL. */
const TRACE_DAT = Buffer.from([0x17, 0x08, 0x44, ...Buffer.from('tracing')])

const unpack = (program: string) => `unpack it first: ${program}`

/**
 * Offset, bytes (latin1), name, way out. The numbers are those of file(1)'s magic and of each format's own
 * specification.
 */
const MAGICS: readonly (readonly [offset: number, bytes: string, what: string, wayOut?: string])[] = [
  [0, '\x89PNG\r\n\x1a\n', 'a PNG picture'],
  [0, '\xff\xd8\xff', 'a JPEG picture'],
  [0, 'GIF8', 'a GIF picture'],
  [8, 'WEBP', 'a WebP picture'],
  [0, 'BM', 'a BMP picture'],
  [0, 'II*\0', 'a TIFF picture'],
  [0, 'MM\0*', 'a TIFF picture'],
  [0, '%PDF-', 'a PDF document'],
  [0, '\x1f\x8b', 'compressed with gzip', unpack('gunzip FILE')],
  [0, '\xfd7zXZ\0', 'compressed with xz', unpack('unxz FILE')],
  [0, '\x28\xb5\x2f\xfd', 'compressed with zstd', unpack('unzstd FILE')],
  [0, 'BZh', 'compressed with bzip2', unpack('bunzip2 FILE')],
  [0, '\x04"M\x18', 'compressed with lz4', unpack('unlz4 FILE')],
  [0, 'PK\x03\x04', 'a zip archive', unpack('unzip FILE')],
  [257, 'ustar', 'a tar archive', unpack('tar -xf FILE')],
  [0, 'PAR1', 'a Parquet table', 'a run that has it already is shown by `lab results`'],
  [0, 'SQLite format 3\0', 'an SQLite database'],
  [0, 'PERFILE2', 'a recording of perf', '`perf script` makes text of it, but not the text of ftrace'],
  [0, 'QFI\xfb', 'a qcow2 disk image'],
  [0, '\xd4\xc3\xb2\xa1', 'a packet capture (pcap)'],
  [0, '\x0a\x0d\x0d\x0a', 'a packet capture (pcapng)'],
  [0, '\xeb\x9f\x01', 'type information (BTF)'],
  [0, '\xc1\x1f\xfc\xc1', 'a CTF trace (LTTng, babeltrace)'],
  [510, '\x55\xaa', 'a boot sector or a Linux bzImage'],
  [0, '\xff\xfe', 'text in UTF-16', 'iconv -f UTF-16 -t UTF-8 FILE'],
  [0, '\xfe\xff', 'text in UTF-16', 'iconv -f UTF-16 -t UTF-8 FILE'],
]

/** e_type and e_machine of the ELF header (elf(5)). */
const ELF_TYPES: Readonly<Record<number, string>> = {
  1: 'object',
  2: 'program',
  3: 'program or shared library',
  4: 'core dump',
}
const ELF_MACHINES: Readonly<Record<number, string>> = {
  3: 'x86',
  62: 'x86-64',
  183: 'arm64',
  243: 'RISC-V',
  247: 'BPF',
}

function elf(head: Buffer): string {
  if (head.length < 20) return 'an ELF file, cut short'
  const read = head[5] === 2 ? (at: number) => head.readUInt16BE(at) : (at: number) => head.readUInt16LE(at)
  const [type, machine] = [ELF_TYPES[read(16)] ?? 'file', ELF_MACHINES[read(18)]]
  return `an ELF ${type}${machine === undefined ? '' : ` for ${machine}`}`
}

/** @param head the first `HEAD_BYTES` of the file, or all of a shorter one */
export function fileKind(head: Buffer): FileKind {
  if (head.length === 0) return { form: 'other', what: 'empty' }
  if (head.subarray(0, TRACE_DAT.length).equals(TRACE_DAT)) {
    const version = /^(\d{1,3})\0/.exec(head.toString('latin1', TRACE_DAT.length, TRACE_DAT.length + 4))?.[1]
    if (version === undefined) return { form: 'other', what: 'a trace.dat that is cut short or damaged' }
    return { form: 'trace.dat', version: Number(version) }
  }
  if (head.toString('latin1', 0, 4) === '\x7fELF') return { form: 'other', what: elf(head) }
  // Two letters that can begin a text prove nothing.
  const isText = !head.includes(0)
  for (const [offset, bytes, what, wayOut] of MAGICS) {
    if (isText && bytes.length < 3 && /^[A-Z]+$/.test(bytes)) continue
    if (head.toString('latin1', offset, offset + bytes.length) === bytes)
      return { form: 'other', what, ...(wayOut === undefined ? {} : { wayOut }) }
  }
  // One NUL can be in a message; a text does not begin with many.
  const nuls = head.reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0)
  return nuls * 50 > head.length ? { form: 'other', what: 'binary data of an unknown kind' } : { form: 'text' }
}
