/** The table of boots that failed, for `lab explain`: a line of a console at a time. */
import { BOOT_FAILURES } from '../boot-failure.ts'
import { inRange } from '../../version.ts'
import type { Row } from './row.ts'

/** A console's line, not a sentence about it. */
const CONSOLE_LINE =
  /^\s*(?:<\d+>)?(?:\[[\w./-]{1,30}\] +)?(?:Initramfs unpacking failed|Failed to execute \/|Starting init: |EXT4-fs \(|Begin: Waiting for root|.{0,60}ALERT!  |\[ *\d+\.\d+\]|lab-init:|Kernel panic|.{0,80}Kernel panic - not syncing|systemd\[1\]|VFS:|Cannot find device|Requested init|Waiting for root device |switch_root: |run-init: |No working init|\S+ kernel: |---\[ end Kernel panic|\[(?:FAILED|DEPEND)\]|ALERT!|virtio-fs: |9pnet_virtio: |overlay: |mount: |.* mount\[\d+\]: |Failed to mount real root|Gave up waiting|dracut|You are in emergency|Give root password|Entering emergency|(?:ERROR|error): [Uu]nable to find root)/i

export const BOOT_ROWS: readonly Row[] = BOOT_FAILURES
  // The last, general row would say everything twice.
  .filter(({ name }) => name !== 'kernel panic')
  .map(({ name, needle, pattern, kernels, cause, wayOut }): Row => ({
    rule: `boot: ${name}`,
    needle,
    pattern,
    // The kernel says the same in two lines: once each cause.
    key: (match) => (typeof cause === 'string' ? match[0] : cause(match)),
    answer: (match, { kernel }) => {
      if (kernel !== undefined && kernels !== undefined && !inRange(kernel, kernels)) return undefined
      // The one that was killed has a row of its own.
      if (!CONSOLE_LINE.test(match.input) || match.input.includes('Out of memory: Kill')) return undefined
      return {
        cause: typeof cause === 'string' ? cause : cause(match),
        fixes: [typeof wayOut === 'string' ? wayOut : wayOut(match)],
        confidence: 'likely',
      }
    },
  }))
