/**
 * Which findings are left out, because another one of the same text says why: programs report one failure in several
 * lines, and the last of them usually knows least.
 */
import type { Finding } from './finding.ts'
import { BY_WORDS_RULE } from './messages/by-words.ts'
import { AUTO_ATTACH_RULE, NO_BTF_RULE, XDP_WITHOUT_DISPATCHER } from './messages/rule-names.ts'
import { MAKE_RULE } from './messages/compiler.ts'
import { MONITOR_RULE, UNIT_RULE } from './messages/daemons.ts'
import { LAST_RULE } from './messages/last.ts'
import { CRASHED_RULE } from './messages/crashed.ts'

/** What a loader says of a program whose log is in the text. */
const LOADER_WORDS: ReadonlySet<string> = new Set(['program of Falco is refused'])
const REFUSED_BY_NUMBER = /fails with (?:EPERM|EACCES|EINVAL)$/

/**
 * EACCES and EINVAL of a program say only that it was refused: where the verifier's log is in the text, that is the
 * answer.
 */
const REFUSED = /^(?:program cannot be loaded|program of an aya loader refused by errno)$/

/** They say that something failed and not why: worth a word only where nothing else is known. */
const LAST_WORDS: ReadonlySet<string> = new Set([
  'object cannot be loaded',
  'bpftool: program cannot be loaded or attached',
  AUTO_ATTACH_RULE,
  MAKE_RULE,
  CRASHED_RULE,
  LAST_RULE,
  MONITOR_RULE,
  UNIT_RULE,
  'slurm: job cancelled',
  'slurm: task failed',
])

/**
 * A guess by a number is left out where a table knows a line beside it: programs report one failure in several lines.
 */
const BESIDE = 4
function withoutWeak(findings: Finding[]): Finding[] {
  const known = findings.filter(({ rule }) => rule !== BY_WORDS_RULE).flatMap(({ lines }) => lines)
  return findings.filter(
    ({ rule, lines: [line = 0] }) => rule !== BY_WORDS_RULE || !known.some((one) => Math.abs(one - line) <= BESIDE),
  )
}

interface Echo {
  /** The finding that says why. */
  readonly cause: (finding: Finding) => boolean
  /** What it leads to: left out when it comes later in the text. */
  readonly effect: (finding: Finding) => boolean
}

/** The last lines of libbpf, for the object and for its skeleton. */
const OBJECT = /^failed to load (?:object|BPF skeleton)\b/
/** What Falco makes of an error of libbpf. */
const FALCO = /^failed to (?:load|open) BPF object \(errno/
/** "failed to perform CO-RE relocations: -2": true whenever a relocation, or reading any BTF, failed. */
const ALL_RELOCATIONS = /^failed to perform CO-RE relocations/
/** The last line of stap. */
const PASS = /^Pass \d: /
const LAST_OF_LIBBPF = new RegExp(`${OBJECT.source}|${FALCO.source}|${ALL_RELOCATIONS.source}`)
const byLibbpf = ({ evidence = [] }: Finding): boolean => evidence.some((line) => line.includes('libbpf: '))

const TREATED = /^(?:all|some) warnings being treated as errors/

const ECHOES: readonly Echo[] = [
  {
    // stap names the pass that failed after what failed in it, and staprun the module that the kernel refused.
    cause: ({ rule, what }) => (rule.startsWith('systemtap: ') && !PASS.test(what)) || rule === 'module refused',
    effect: ({ rule, what }) => rule.startsWith('systemtap: ') && PASS.test(what),
  },
  {
    cause: (finding) => byLibbpf(finding) && !LAST_OF_LIBBPF.test(finding.what) && !REFUSED.test(finding.rule),
    effect: ({ what }) => LAST_OF_LIBBPF.test(what),
  },
  {
    cause: (finding) => byLibbpf(finding),
    effect: ({ rule, what }) => FALCO.test(what) || rule === 'libpman: modern probe of Falco',
  },
  {
    cause: ({ rule }) => rule.startsWith('splat: ') || rule.startsWith('call trace'),
    effect: ({ rule }) => rule === 'part of a report about CPUs',
  },
  {
    // The last line of a file in which a warning is an error.
    cause: ({ rule, what }) => rule === 'compiler error' && !TREATED.test(what),
    effect: ({ rule, what }) => rule === 'compiler error' && TREATED.test(what),
  },
  {
    // No BTF was written, and the next step of the build does not find it.
    cause: ({ rule }) => rule === 'BTF of the kernel cannot be made',
    effect: ({ rule }) => rule === NO_BTF_RULE,
  },
  {
    // The first line has the error number, and the panic only the device.
    cause: ({ rule, what }) => rule === 'boot: no root device' && /Cannot open root device/.test(what),
    effect: ({ rule, what }) => rule === 'boot: no root device' && /Unable to mount/i.test(what),
  },
  {
    // bcc prints why a probe was refused, and then raises an exception that does not know.
    cause: ({ what }) =>
      /probe refused: E(?!NOENT)/.test(what) || /[ku]probe_events: E(?!NOENT)|\/[ku]probe_events: ENOENT/.test(what),
    effect: ({ what }) => /^Failed to attach BPF|cannot be attached to the k(?:ret)?probe/.test(what),
  },
  {
    // Without its initial file system the kernel looks for a disk, which was never meant to be there.
    cause: ({ rule }) => rule === 'boot: initramfs',
    effect: ({ rule }) => rule === 'boot: no root device',
  },
]

/** Attempts of a program that then did without: so many lines before it says so. */
const ATTEMPT = 12
function withoutAttempts(findings: Finding[]): Finding[] {
  const at = findings.find(({ rule }) => rule === XDP_WITHOUT_DISPATCHER)?.lines[0]
  return at === undefined
    ? findings
    : findings.filter(
        ({ rule, lines: [line = 0] }) => !(REFUSED.test(rule) && line >= at - ATTEMPT && line <= at + ATTEMPT),
      )
}

function withoutEchoes(findings: Finding[]): Finding[] {
  return ECHOES.reduce((kept, { cause, effect }) => {
    const first = kept.findIndex(cause)
    return first < 0 ? kept : kept.filter((finding, at) => at <= first || !effect(finding))
  }, findings)
}

/** The findings whose cause no other one tells. */
export function withoutConsequences(findings: Finding[]): Finding[] {
  const strong = findings.filter(({ rule }) => !LAST_WORDS.has(rule))
  if (strong.length === 0) return findings
  const causes = withoutWeak(withoutEchoes(withoutAttempts(strong)))
  return causes.some(({ rule }) => rule.startsWith('verifier'))
    ? causes.filter(
        ({ rule, what }) =>
          !(REFUSED.test(rule) && REFUSED_SO.test(what)) &&
          !LOADER_WORDS.has(rule) &&
          !(rule === BY_WORDS_RULE && REFUSED_BY_NUMBER.test(what)),
      )
    : causes
}

const REFUSED_SO = /: (?:EACCES|EINVAL)$|-(?:13|22|EACCES|EINVAL)$/
const LOG_IS_CUT =
  'the log of the verifier in this text is cut: the reason stands above "processed N insns", at its end. Paste it up to there'

/** @param log whether the text has instructions of a verifier log */
export const withCutLog = (findings: readonly Finding[], log: boolean): readonly Finding[] =>
  !log || findings.some(({ rule }) => rule.startsWith('verifier'))
    ? findings
    : findings.map((finding) =>
        REFUSED.test(finding.rule) && REFUSED_SO.test(finding.what) ? { ...finding, fixes: [LOG_IS_CUT] } : finding,
      )

/**
 * One failure in several lines: a program that is not loaded is reported by the library, by the object and by the
 * skeleton, and the tables of a program know each of its lines.
 */
export function withoutRepeats(findings: readonly Finding[]): readonly Finding[] {
  const kept: Finding[] = []
  for (const finding of findings) {
    const before = kept.at(-1)
    if (before === undefined || !repeats(before, finding)) kept.push(finding)
    else
      kept[kept.length - 1] = {
        ...before,
        lines: [...before.lines, ...finding.lines].toSorted((a, b) => a - b),
        count: before.count + finding.count,
      }
  }
  return kept
}

const repeats = (before: Finding, { rule, cause, fixes, lines, evidence }: Finding): boolean =>
  before.rule === rule &&
  (lines[0] ?? 0) - (before.lines.at(-1) ?? 0) <= BESIDE &&
  (REFUSED.test(rule)
    ? before.cause.split(': ').at(-1) === cause.split(': ').at(-1)
    : MERGED.test(rule) && evidence !== undefined && before.cause === cause && before.fixes.join() === fixes.join())

/** Their lines differ in words only. */
const MERGED =
  /^(?:slurm|ssh|bootstrap|qemu): |^(?:user namespaces|boot: initramfs|a disk has errors|a file system reports damage|an interrupt that nobody handles|objtool|mount failed|splat: soft-lockup|perf: no such event|probe refused|trace-cmd|modules of this kernel are not there)$/
