/** What the holder's facts mean when a run did not get to its end: the failure that they stand for. */
import { constants } from 'node:os'
import { experimentError, labError, userError, type Failure } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { SCRIPT_SUFFIX } from '../../config/probe-source.ts'
import { needsOf } from '../../linux/kbuild/samples.ts'
import { signalText } from '../../linux/signal.ts'
import { hookOf, userHookOf } from '../../linux/symbols/hook.ts'
import {
  noEvent,
  noSymbol,
  notAnInstruction,
  noUserTarget,
  NOTRACE,
  REFUSED,
  type Words,
} from '../../linux/symbols/words.ts'
import { explainRejection } from '../../linux/verifier/index.ts'
import { beforeFailure } from './before.ts'
import { of, type HolderLine } from './holder.ts'

function loadFailure(failed: Extract<HolderLine, { event: 'load-failed' }>, place: string): Failure {
  const rejection = failed.log === undefined ? undefined : explainRejection(failed.log)
  if (rejection)
    return userError({
      place: rejection.source ?? `${place}, program ${failed.program ?? '?'}`,
      fact: `the verifier rejects ${failed.program ?? 'a program'} (${failed.section ?? ''}): ${rejection.message}`,
      lines: [
        ...(rejection.instruction === undefined
          ? []
          : [`instruction ${rejection.instruction.index}: ${rejection.instruction.text}`]),
        ...(rejection.register === undefined ? [] : [`register ${rejection.register}`]),
        ...(rejection.sourceLine === undefined ? [] : [`source: ${rejection.sourceLine}`]),
      ],
      wayOut: rejection.wayOut,
    })
  const libbpf = failed.libbpf.split('\n').filter((line) => line.startsWith('libbpf:'))
  return userError({
    place,
    fact: `the object does not load: ${failed.text}`,
    lines: (libbpf.length > 0 ? libbpf : failed.libbpf.split('\n')).slice(0, 8).map((line) => printable(line, 240)),
    wayOut: 'libbpf names the section or map that it cannot use; `lab check` knows the section names',
  })
}

/** What libbpf says of a refusal. */
const libbpfLines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('libbpf:'))
    .slice(0, 5)
    .map((line) => printable(line, 240))

/** Errno values that a refused attach comes back with. */
const ENOENT = 2
const EFBIG = 27
const EINVAL = 22
const EILSEQ = 84

/** Why the kernel, or libbpf, refused a program, where the error number and the kernel's own words tell. */
function reasonOf(section: string, errno: number, kernel: readonly string[]): Words | undefined {
  const hook = hookOf(section)
  const user = userHookOf(hook)
  if (user) return errno === ENOENT ? noUserTarget(user) : undefined
  if (kernel.some((text) => text.includes('Could not probe notrace function'))) return NOTRACE
  if (errno === EINVAL) return kernel.length > 0 ? REFUSED : undefined
  if (errno === EILSEQ) return notAnInstruction(hook)
  if (errno !== ENOENT) return undefined
  const isEvent = hook.kind === 'event' || hook.kind === 'tracepoint'
  return isEvent ? noEvent(hook.target.replace(':', '/')) : noSymbol(hook.target)
}

function attachFailure(lines: readonly HolderLine[], place: string): Failure {
  const failed = of(lines, 'attach-failed').filter(({ optional }) => optional === 0)
  const kernel = of(lines, 'kernel-said').map(({ text }) => printable(text, 200))
  const first = failed[0]
  const reason = first && reasonOf(first.section, first.errno, kernel)
  return userError({
    place: `${place}, ${first?.section ?? ''}`,
    fact: `${failed.map(({ program: name }) => name).join(', ')} cannot be attached: ${reason?.fact ?? first?.text ?? 'unknown reason'}`,
    lines: kernel.length > 0 ? kernel.slice(-5) : libbpfLines(first?.libbpf ?? ''),
    wayOut: reason?.wayOut ?? '`lab check --probes` says what this kernel lacks for each hook',
  })
}

/** ENOEXEC: of another kernel, or no module at all; ENOENT: it uses symbols that nobody exports (kernel/module.c). */
const ENOEXEC = 8
const EEXIST = 17

/** "NAME: Unknown symbol f (err -2)"; the name is there since it is printed with pr_warn("%s: "). */
const UNKNOWN_SYMBOL = /^\S+: Unknown symbol (\S+) \(err /

/** "NAME: version magic 'A' should be 'B'". */
const VERMAGIC = /version magic '([^']*)' should be '([^']*)'/

function moduleFailure(lines: readonly HolderLine[], place: string): Failure | undefined {
  const failed = of(lines, 'module-failed')[0]
  if (failed === undefined) return undefined
  const kernel = of(lines, 'kernel-said').map(({ text }) => printable(text, 200))
  const unknown = [...new Set(kernel.flatMap((text) => UNKNOWN_SYMBOL.exec(text)?.[1] ?? []))]
  const vermagic = kernel.map((text) => VERMAGIC.exec(text)).find((match) => match !== null)
  const where = `${place}, module ${printable(failed.module, 60)}`
  if (unknown.length > 0)
    return userError({
      place: where,
      fact: `the kernel does not load it: it uses symbols that nothing exports: ${unknown.slice(0, 6).join(', ')}`,
      lines: kernel.slice(-8),
      wayOut: 'name the module that exports them before this one in `modules:`',
    })
  if (vermagic || failed.errno === ENOEXEC)
    return userError({
      place: where,
      fact: vermagic
        ? `the kernel does not load it: it was built for "${vermagic[1]?.trim()}", and the kernel is "${vermagic[2]?.trim()}"`
        : `the kernel does not load it: ${failed.text}`,
      lines: kernel.slice(-8),
      wayOut: 'build it for this kernel',
    })
  if (failed.errno === EEXIST)
    return userError({
      place: where,
      fact: 'it is loaded already, and the kernel does not unload it',
      lines: kernel.slice(-8),
      wayOut:
        'a module without an exit function stays: `start: cold` or `start: warm` gives each run a guest of its own',
    })
  return userError({
    place: where,
    fact: `the kernel does not load it: ${failed.text}`,
    lines: kernel.slice(-8),
    wayOut: 'its init function returned this error, or a parameter has a value that it does not take',
  })
}

const wordsOf = ({ said: words = '' }: { readonly said?: string | undefined }): string[] =>
  words
    .split('\n')
    .filter((line) => line !== '')
    .slice(0, 8)
    .map((line) => printable(line, 200))

/** A sample that ended badly before the workload began, or never got to attach its programs. */
function companionFailure(lines: readonly HolderLine[], place: string): Failure | undefined {
  const last = of(lines, 'companion').at(-1)
  if (!last) return undefined
  const how =
    last.state === 'late'
      ? `attached nothing (it holds ${last.programs ?? 0} programs)`
      : `ended with ${last.signal === undefined ? `status ${last.status ?? '?'}` : `signal ${last.signal}`}`
  const name = printable(last.name, 60)
  if (last.name.endsWith(SCRIPT_SUFFIX))
    return userError({
      place: `${place}, script ${name}`,
      fact: `bpftrace ${how} before the workload was started`,
      lines: wordsOf(last),
      wayOut: 'put these lines into a file: `lab explain FILE` knows the messages of bpftrace',
    })
  return userError({
    place: `${place}, sample ${name}`,
    fact: `the kernel's sample ${how} before the workload was started`,
    lines: wordsOf(last),
    wayOut: needsOf(last.name),
  })
}

type CompanionEnd = Extract<HolderLine, { event: 'companion-ended' }>

/** What is wrong with how a companion ended; undefined where nothing is. A sample may die of the interruption. */
function badEnd({ name, early, status, signal }: CompanionEnd): string | undefined {
  const how = signal === undefined ? `status ${status ?? '?'}` : signalText(signal)
  if (early !== 0) return status === 0 ? undefined : `ended with ${how} while the workload ran`
  if (!name.endsWith(SCRIPT_SUFFIX) || status === 0) return undefined
  return signal === constants.signals.SIGKILL
    ? 'did not end when it was interrupted, and was killed: it may not have printed its maps'
    : `ended with ${how} when it was interrupted`
}

/**
 * A companion that seemed to be attached and was not, or not until the end: bpftrace loads its programs before it
 * attaches them.
 */
function brokenCompanion(lines: readonly HolderLine[], place: string): Failure | undefined {
  for (const end of of(lines, 'companion-ended')) {
    const what = badEnd(end)
    if (what === undefined) continue
    const name = printable(end.name, 60)
    const isScript = end.name.endsWith(SCRIPT_SUFFIX)
    const parts = {
      place: `${place}, ${isScript ? 'script' : 'sample'} ${name}`,
      fact: `${isScript ? 'bpftrace' : "the kernel's sample"} ${what}`,
      lines: wordsOf(end),
      wayOut: isScript
        ? 'look its hooks up: `lab check --probes` says for each one whether this kernel has it; `lab explain FILE` knows the messages of bpftrace'
        : needsOf(end.name),
    }
    return isScript ? userError(parts) : experimentError(parts)
  }
  return undefined
}

/** Samples that test themselves end with status 0 whatever they found; their words are the verdict. */
function unhappyCompanion(lines: readonly HolderLine[], place: string): Failure | undefined {
  const record = of(lines, 'companion').find(({ said: words = '' }) => /^(?:failed|ERROR)\b/m.test(words))
  return (
    record &&
    experimentError({
      place: `${place}, sample ${printable(record.name, 60)}`,
      fact: "the kernel's sample says that it failed",
      lines: wordsOf(record),
      wayOut: needsOf(record.name),
    })
  )
}

/** How long the workload may take. */
export interface Deadline {
  /** `timeout:` of the experiment, in milliseconds. */
  readonly askedMs: number
  /** How many times as long it gets here; 1 under KVM. */
  readonly factor: number
}

/** "its timeout of 5 s (50 s here: 10 times as long, because TCG is slower than KVM)". */
const deadlineText = ({ askedMs, factor }: Deadline): string =>
  `its timeout of ${askedMs / 1000} s${factor === 1 ? '' : ` (${(askedMs * factor) / 1000} s here: ${factor} times as long, because TCG is slower than KVM)`}`

/** The text of an iterator that is not kept, since it is longer than what the holder keeps (bpf/holder/iter.c). */
function iteratorFailure(lines: readonly HolderLine[], place: string): Failure | undefined {
  const long = of(lines, 'error').find(
    ({ doing, errno }) => doing === 'keep the text of the iterator' && errno === EFBIG,
  )
  if (long === undefined) return undefined
  return experimentError({
    place,
    fact: `the iterator ${printable(long.value, 100)} prints more than 4 MB, which is all that a run keeps of it`,
    wayOut: 'print less in it: leave out with a condition what the experiment does not ask for',
  })
}

/** The failure that the holder's facts stand for, or undefined when the workload ran to its end. */
export function holderFailure(
  lines: readonly HolderLine[],
  place: string,
  deadline: Deadline,
  stderr: string,
): Failure | undefined {
  const done = of(lines, 'done')[0]
  const problem = of(lines, 'error')[0]
  const loaded = of(lines, 'load-failed')[0]
  if (done?.outcome === 'done') return brokenCompanion(lines, place) ?? unhappyCompanion(lines, place)
  if (loaded) return loadFailure(loaded, place)
  const companion = done?.outcome === 'companion failed' ? companionFailure(lines, place) : undefined
  if (companion) return companion
  const module = done?.outcome === 'module failed' ? moduleFailure(lines, place) : undefined
  if (module) return module
  if (done?.outcome === 'attach failed') return attachFailure(lines, place)
  if (done?.outcome === 'deadline')
    return experimentError({
      place,
      fact: `the workload did not end within ${deadlineText(deadline)} and was killed`,
      wayOut: 'raise `timeout:` of the experiment, or find out what it waits for: its stdout is in the result',
    })
  if (done?.outcome === 'busy')
    return labError({
      place,
      fact: 'another run holds the probes of this guest and does not let go of them',
      wayOut: '`lab exec -- pgrep -a lab-holder` names it; `lab down` ends the guest',
    })
  const before = beforeFailure(lines, place) ?? iteratorFailure(lines, place)
  if (before) return before
  if (problem)
    return labError({
      place,
      fact: `the holder cannot ${problem.doing} (${printable(problem.value, 100)}): ${problem.text}`,
      wayOut: 'the name of a clock, event or map slot must exist in this kernel',
    })
  return labError({
    place,
    fact: `the holder ended without a result (${done?.outcome ?? 'no last word'})`,
    lines: stderr
      .split('\n')
      .slice(-5)
      .map((line) => printable(line, 200)),
    wayOut: 'the console log has the messages of the kernel',
  })
}
