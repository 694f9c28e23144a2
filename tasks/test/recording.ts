/** A recording without a VM: what trace-cmd needs to read one, and messages of our choice. */
import { traceDat } from '../linux/ftrace/trace-dat.ts'

/** Fields of every event, and of one whose only other field is a text (format files of 5.10). */
const field = (type: string, offset: number, size: number, signed = 0) =>
  `\tfield:${type};\toffset:${offset};\tsize:${size};\tsigned:${signed};\n`
const COMMON = [
  field('unsigned short common_type', 0, 2),
  field('unsigned char common_flags', 2, 1),
  field('unsigned char common_preempt_count', 3, 1),
  field('int common_pid', 4, 4, 1),
].join('')
const PRINTK = `name: bpf_trace_printk\nID: 361\nformat:\n${COMMON}\n${field('__data_loc char[] bpf_string', 8, 4, 1)}\nprint fmt: "%s", __get_str(bpf_string)\n`
const HEADER_PAGE = [
  field('u64 timestamp', 0, 8),
  field('local_t commit', 8, 8, 1),
  field('int overwrite', 8, 1, 1),
  field('char data', 16, 4080, 1),
].join('')
const HEADER_EVENT = `# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n\tarray       :   32 bits\n\n\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata max type_len  == 28\n`

/** A record of the ring buffer: length in words and time since the one before, then the event. */
function record(text: Buffer, delta: number): Buffer {
  const size = Math.ceil((12 + text.length + 1) / 4) * 4
  const bytes = Buffer.alloc(4 + size)
  bytes.writeUInt32LE((size / 4) | (delta << 5), 0)
  bytes.writeUInt16LE(361, 4)
  bytes[6] = 1
  bytes.writeInt32LE(123, 8)
  bytes.writeUInt32LE(12 | ((text.length + 1) << 16), 12)
  text.copy(bytes, 16)
  return bytes
}

/** Bytes of events that one page holds (BUF_PAGE_SIZE of 5.10). */
const PAGE_DATA = 4080

/** A trace.dat (version 6) of one CPU with these messages of a BPF program, a microsecond apart. */
export function recording(texts: readonly Buffer[]): Buffer {
  const pages: Buffer[] = []
  let waiting: Buffer[] = []
  let used = 0
  let time = 1_000_000_000_000n
  const flush = () => {
    const page = Buffer.alloc(4096)
    page.writeBigUInt64LE(time, 0)
    page.writeBigUInt64LE(BigInt(used), 8)
    Buffer.concat(waiting).copy(page, 16)
    pages.push(page)
    time += BigInt(waiting.length) * 1000n
    waiting = []
    used = 0
  }
  for (const text of texts) {
    const one = record(text, 1000)
    if (used + one.length > PAGE_DATA) flush()
    waiting.push(one)
    used += one.length
  }
  flush()
  const stats = `entries: 0\noverrun: 0\ncommit overrun: 0\nbytes: 0\ndropped events: 0\nread events: ${texts.length}\n`
  return Buffer.concat(
    traceDat({
      meta: {
        headerPage: Buffer.from(HEADER_PAGE),
        headerEvent: Buffer.from(HEADER_EVENT),
        formats: new Map([['bpf_trace', new Map([['bpf_trace_printk', Buffer.from(PRINTK)]])]]),
        kallsyms: Buffer.alloc(0),
        printkFormats: Buffer.alloc(0),
      },
      cpus: [Buffer.concat(pages)],
      stats: [stats],
      cmdlines: '123 readiter\n',
      clock: 'mono',
      uname: 'Linux version 5.10.223 (lab@lab)',
    }),
  )
}
