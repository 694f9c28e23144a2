/**
 * Shells and tools that write to files of tracefs or of the BPF file system: the file is in the command, the error
 * below it.
 */
import { errnoOf } from './errno.ts'
import { isTracefs, writeError } from './errno-files.ts'
import { group, type Answer, type Row } from './row.ts'

/** The file that a command writes to: "> f", ">> f", "tee [-a] f". */
const TARGET =
  /(?:>>?\s*|\btee (?:-a )?)["']?(\/[^\s"'|;&]+|[\w./]*(?:events|_filter|tracer|_pid|filter|trigger|enable)\b)/

function written(file: string, error: string): Answer | undefined {
  const errno = errnoOf(error)
  const known = errno === undefined ? undefined : writeError(file, errno)
  return known && { ...known, what: `writing to ${file}: ${errno}` }
}

export const SHELL_ROWS: readonly Row[] = [
  {
    rule: 'write to tracefs refused',
    needle: ['write error:', 'I/O error'],
    pattern: /\b(?:echo|printf|cat|tee|sh)(?::[^:]*)*: (?:write error: (.+)|echo: (I\/O error))/,
    answer: (match, { command }) => {
      const file = command === undefined ? undefined : TARGET.exec(command)?.[1]
      if (file === undefined || !isTracefs(file)) return undefined
      return written(file, match[1] ?? 'Invalid argument')
    },
  },
  {
    rule: 'write to tracefs refused',
    needle: ['/tracing', 'kprobe_events', 'set_ftrace_', 'uprobe_events'],
    pattern:
      /(?:can(?:no|')t create |tee: |sh: (?:\d+: |line \d+: )?|bash: (?:line \d+: )?|zsh: [\w ]+: )['"]?(\/[^\s:'"]+)['"]?: (Permission denied|Operation not permitted|No such file or directory|Directory nonexistent|Invalid argument|Device or resource busy|File exists|No such device)/,
    answer: (match) => {
      const error = group(match, 2) === 'Directory nonexistent' ? 'ENOENT' : group(match, 2)
      return written(group(match, 1), error)
    },
  },
  {
    // os.PathError of Go, strace-like words of C programs: "write /sys/.../kprobe_events: device or resource busy".
    rule: 'write to tracefs refused',
    needle: ['/tracing/', '/kprobe_events', '/uprobe_events'],
    pattern:
      /\b(?:open|write)(?:ing)?(?: to)?[ (:]+['"]?(\/sys\/kernel\/[\w./]*?tracing\/[^\s:'"),]+)['")]*: ([A-Za-z][^:]+)/,
    answer: (match) => (/write|events$/.test(match[0]) ? written(group(match, 1), group(match, 2)) : undefined),
  },
  {
    rule: 'write to tracefs refused',
    needle: 'Errno ',
    pattern: /\[Errno (\d+)\] [^:]+: ['"](\/\S+?)['"]/,
    answer: (match) => (isTracefs(group(match, 2)) ? written(group(match, 2), group(match, 1)) : undefined),
  },
  {
    rule: 'tracefs cannot be read',
    needle: ['/tracing', 'kprobes/'],
    pattern:
      /(?:cat|ls|grep|head|cd|cannot (?:open|access))[^:]*: ['"]?(\/sys\/kernel\/(?:debug\/)?(?:tracing|kprobes)\S*?)['"]?: (Permission denied|No such file or directory|Operation not permitted)/,
    answer: (match) => {
      const errno = errnoOf(group(match, 2))
      const what = `${group(match, 1)} cannot be read: ${errno}`
      if (errno === 'EACCES')
        return {
          what,
          cause: 'only root may read tracefs and debugfs, unless they are mounted with mode=755 or a gid',
          fixes: ['sudo; or mount -o remount,mode=755 /sys/kernel/tracing'],
        }
      const known = errno === undefined ? undefined : writeError('/sys/kernel/tracing/', errno)
      return known && { ...known, what }
    },
  },
  {
    rule: 'tracefs cannot be read',
    needle: 'Could not read symbols from',
    pattern: /Could not read symbols from (\S*available_filter_functions)(?:: (.+))?/,
    cause:
      'the list of functions that can be traced is not readable: not root, tracefs not mounted, lockdown, or a kernel without the function tracer (CONFIG_FUNCTION_TRACER)',
    fixes: ['sudo; mount -t tracefs nodev /sys/kernel/tracing', 'cat /sys/kernel/security/lockdown'],
    confidence: 'likely',
  },
  {
    rule: 'tracefs is not mounted',
    needle: [
      'racefs is not ',
      'racefs not mounted',
      'ebugfs is not mounted',
      'ebugfs not mounted',
      'no tracefs',
      'find tracefs',
    ],
    pattern:
      /\b(?:error|fail\w*|fatal|warn\w*|unable|cannot|could ?n[o']t|level=\w+)\b(?:(?! (?:if|when|unless|whether) ).){0,80}\b(?:tracefs|debugfs)(?: is)? not (?:mounted|accessible|found)\b.*|\b(?:cannot|could not|unable to|failed to) find tracefs\b.*/i,
    key: () => '',
    cause:
      'the program finds no tracefs: it is not mounted, the process may not look at it (only root may), or the kernel was built without tracing',
    fixes: [
      'sudo mount -t tracefs nodev /sys/kernel/tracing; sudo mount -t debugfs nodev /sys/kernel/debug',
      'as root; in a container mount /sys/kernel/tracing of the host (-v /sys/kernel/tracing:/sys/kernel/tracing)',
    ],
    confidence: 'likely',
    sources: ['Documentation/trace/ftrace.rst'],
  },
]
