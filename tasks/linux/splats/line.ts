/** A line of the kernel log without what stands before its text. */

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

/**
 * `<4>[   12.345678][  T123] text`: level with klogctl or `dmesg -r`, time with CONFIG_PRINTK_TIME, thread or CPU with
 * CONFIG_PRINTK_CALLER. journalctl puts date, host and `kernel:` before it.
 */
const PREFIX =
  /^(?:[A-Z][a-z]{2} +\d+ [\d:.]+ \S+ kernel: |\S+T[\d:.+-]+ \S+ kernel: )?(?:<(\d+)>)?(?:\[ *(\d+\.\d+)\](?:\[ *[TC]\d+\])? ?|\[[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ [\d:]+ \d{4}\] ?)?/

export function logLine(line: string): LogLine {
  const match = PREFIX.exec(line)
  const [whole = '', level, at] = match ?? []
  const text = line.slice(whole.length).replace(/\r+$/, '')
  const by = level !== undefined && Number(level) >= FACILITY ? 'program' : whole === '' ? 'unknown' : 'kernel'
  return { text, by, ...(at !== undefined && { at }) }
}
