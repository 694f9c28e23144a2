/** A line of the kernel log without what comes before its text. */

/** A line of dmesg, of a console, of `dmesg -T` or of journalctl. */
export interface LogLine {
  readonly text: string
  /** Seconds since boot, as printed: "12.345678". */
  readonly at?: string
  /**
   * Whether it is the kernel's: by its prefix, or `unknown` for bare text. A line that a program wrote to /dev/kmsg is
   * not.
   */
  readonly by: 'kernel' | 'program' | 'unknown'
}

/**
 * Facility 0 is the kernel's; whatever is written to /dev/kmsg gets another one (kernel/printk/printk.c,
 * devkmsg_write).
 */
const FACILITY = 8

/** "May  4 14:08:51", "2023-01-28T13:02:17.912035+01:00". People cut the host and "kernel:" out before they paste. */
const DATE = String.raw`(?:[A-Z][a-z]{2} +\d{1,2} \d\d:[\d:.]+|\d{4}-\d\d-\d\d[T ]\d\d:[\d:.,]+(?:Z|[+-][\d:]+)?)`
/** `dmesg -x` names facility and level. */
const DECODED = String.raw`(?:kern|user|daemon) *: *\w+ *: +`
/**
 * `<4>[   12.345678][  T123] text`: level with klogctl or `dmesg -r`, time with CONFIG_PRINTK_TIME, thread or CPU with
 * CONFIG_PRINTK_CALLER. journalctl and syslog put date, host and `kernel:` before it.
 */
const PREFIX = new RegExp(
  String.raw`^(?:${DATE} (?: (?! |[A-Za-z_][\w.]*\+0x))?(?: *[\w.-]+ +(?=kernel: |[\[<]))?)?(?: *kernel: | *kernel:(?=\[)|[^\[<]{1,60}? kernel: |[\w.@-]{2,40}:? +(?=\[ *\d+\.\d{6}\] ))?(?: *${DECODED})?(?: *<(\d+)>)?(?: *\[ *(\d+\.\d+)\](?:\[ *[TC]\d+\])? ?| *\[[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ [\d:]+ \d{4}\] ?)?`,
)

export function logLine(line: string): LogLine {
  const match = PREFIX.exec(line)
  const [whole = '', level, at] = match ?? []
  const text = line.slice(whole.length).replace(/\r+$/, '')
  const isKernel = at !== undefined || level !== undefined || whole.includes('kernel:') || whole.includes('[')
  const by = level !== undefined && Number(level) >= FACILITY ? 'program' : isKernel ? 'kernel' : 'unknown'
  // People quote a line of the log, with its time before the quotation mark.
  const bare = at !== undefined && text.startsWith('"') ? text.slice(1) : text
  return { text: bare, by, ...(at !== undefined && { at }) }
}
