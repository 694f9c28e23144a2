/** The part of the schema about experiments: arms, runs, trace, and what must hold. */
import { z } from 'zod'
import { KIND_NAMES } from '../../linux/splats/kinds.ts'
import { groupsOf } from '../text/pattern.ts'
import { isRegex } from '../text/regex.ts'
import { Expectation } from './schema-expect.ts'
import { ModuleUse } from './schema-module.ts'
import { func, name, Options, paramName, seconds, size, text } from './schema-text.ts'
import { Published } from './schema-published.ts'
import { Workload } from './schema-workload.ts'

const ParamValue = z.union([
  z.int(),
  // oxlint-disable-next-line no-control-regex -- no argument of a program can hold NUL
  text(/^[^\x00]*$/, 'a parameter has no NUL character'),
])

/** A value of a map slot. Numbers beyond 2^53 are written as text, for example "0xffff888000000000". */
const SlotValue = z
  .union([
    z.int(),
    // oxlint-disable-next-line no-control-regex -- a char array ends at NUL
    text(/^[^\x00]+$/, 'a value is a whole number, text, ${workload.pid} or a parameter'),
  ])
  .describe('a whole number, text, ${workload.pid} or a parameter')

export const Slots = z
  .record(
    text(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a map or global variable is named as in C'),
    z
      .union([
        SlotValue,
        z.record(
          // oxlint-disable-next-line no-control-regex -- a char array ends at NUL
          text(/^[^\x00]+$/, 'a key is not empty'),
          z
            .union([SlotValue, z.record(func, SlotValue).describe('fields of a struct: name -> value')])
            .describe('a value (a whole number, text, ${workload.pid} or a parameter), or fields of a struct'),
        ),
      ])
      .describe('a value (of entry 0, or of a global variable), or fields of a struct, or key -> value or fields'),
  )
  .describe('what maps and global variables hold before the workload starts: name -> key or field -> value')

/** One group in parentheses: the number. A parameter in it stands for a literal text, whichever it is. */
const numberPattern = z
  .string()
  .min(1)
  .refine((value) => {
    try {
      const text = value.replaceAll(/\$\{[^{}]*\}/g, '0')
      return groupsOf(isRegex(text) ? text.slice(1, -1) : text) === 1
    } catch {
      return false
    }
  }, 'a metric is a regular expression with one group, the number: "/took ([0-9]+) ns/"')

const unit = z.string().min(1).max(20).optional().describe('what its numbers are: ns, ms, B, calls, ...')

const countedIn = text(
  /^[A-Za-z][A-Za-z0-9 _-]{0,29}$/,
  'unit is one word or two, in the singular: call, fsync, page fault',
).describe(
  'what one sequence of messages is, for reports and summaries: call, fsync, packet (default: read or sequence)',
)

const required = z
  .union([z.enum(['yes', 'no']), z.boolean()])
  .optional()
  .describe('no: a run may lack it; by default, a run in which nothing matches fails')

export const Metric = z.union([
  z.strictObject({
    stdout: numberPattern.describe('read from what the workload prints; ^ and $ are the ends of each line'),
    of: name.optional().describe('a bpftrace script or a sample of `probes:` whose output is read instead'),
    unit,
    required,
  }),
  z.strictObject({ message: numberPattern.describe("read from the workload's messages in the trace"), unit, required }),
  z.strictObject({
    load: z
      .enum(['ns', 'instructions', 'jit-bytes'])
      .describe(
        'what loading BPF programs took: ns of BPF_PROG_LOAD, instructions that the verifier looked at, or bytes of machine code',
      ),
    program: func.optional().describe('the program (default: the sum over all programs of the run)'),
    required,
  }),
])

export const Until = z.strictObject({
  metric: paramName.describe('the metric that decides'),
  ci: text(/^[1-9][0-9]?(\.[0-9])?%$/, 'a precision is a percentage, for example 5%').describe(
    'half the width of the 95 % interval of its median, as a share of the median',
  ),
  min: z.int().min(3).max(10000).optional().describe('runs of each arm at least (default: 5)'),
  max: z.int().min(3).max(10000).describe('runs of each arm at most'),
})

export const ORDERS = ['interleaved', 'mirrored', 'sequential', 'shuffled'] as const
export const STARTS = ['shared', 'warm', 'cold'] as const

const Point = z.record(paramName, ParamValue)

export const Before = z.union([
  z.literal('drop-caches').describe('empties page cache, dentries and inodes'),
  z.strictObject({
    sysctl: z
      .record(
        text(/^[a-z][a-z0-9_.-]*$/, 'a sysctl is named like vm.swappiness'),
        z.union([z.int(), text(/^[^\r\n]{1,200}$/, 'the value of a sysctl is one line')]),
      )
      .describe('kernel settings by name, for example vm.swappiness'),
  }),
  z.strictObject({
    remount: text(/^(\/[A-Za-z0-9_.-]+)+$/, 'a mount point is a path such as /data').describe(
      'a data disk that is unmounted and mounted again, so that nothing of it is cached',
    ),
  }),
  z.strictObject({
    pin: z
      .union([z.int().min(0).max(255), z.array(z.int().min(0).max(255)).min(1)])
      .describe('the CPUs of the guest that the workload may run on, from 0'),
  }),
  z.strictObject({
    run: z.string().min(1).describe('a command in the guest; ${name} is a parameter; no shell reads it'),
  }),
])

const SplatFunction = z
  .string()
  .min(1)
  .describe('the function that the report names: its whole name, or /a regular expression/')

/** A kind of splat, or a kind in one function: `warning`, `{ warning: my_probe }`. */
export const Allowed = z.union([
  z.enum(KIND_NAMES).describe('a kind of splat, in any function'),
  z
    .strictObject(Object.fromEntries(KIND_NAMES.map((kind) => [kind, SplatFunction.optional()])))
    .describe('a kind of splat in one function, for example { warning: my_probe }'),
])

export const COLLECT = ['trace', 'stdout', 'dmesg', 'maps', 'kallsyms'] as const
/**
 * `system:event`, `system:*`; `p:name function arguments` and `r:...`, the language of kprobe_events without its group.
 */
const TRACE_EVENT =
  /^(?:[A-Za-z0-9_]+:(?:[A-Za-z0-9_]+|\*)|[pr]:[A-Za-z_][A-Za-z0-9_]{0,40} [A-Za-z_][^\s]{0,120}(?: [^\s]+){0,20})$/

export const CLOCKS = ['local', 'global', 'counter', 'mono', 'boot', 'x86-tsc'] as const

export const Experiment = z
  .strictObject({
    about: z.string().optional().describe('what the experiment shows, in a sentence'),
    unit: countedIn.optional(),
    skip: z
      .string()
      .min(1)
      .optional()
      .describe('why `lab run --all` leaves it out; `lab run NAME` runs it all the same'),
    vm: name.optional().describe('the VM to use (default: the only one, or the one called default)'),
    options: Options.optional().describe(
      'kernel options that this experiment needs otherwise, on top of those of whatever kernel it runs on',
    ),
    probes: z.array(name).optional().describe('names of probes, attached in this order (default: none)'),
    modules: z
      .array(ModuleUse)
      .min(1)
      .max(16)
      .optional()
      .describe('kernel modules, loaded in this order before the probes are attached, and unloaded after each run'),
    workload: Workload,
    params: z
      .record(paramName, z.array(ParamValue).min(1))
      .optional()
      .describe('lists of values; every combination is one arm'),
    quick: z
      .record(paramName, z.array(ParamValue).min(1))
      .optional()
      .describe('lists that take the place of those of `params` in a first look (`lab run --quick`)'),
    matrix: z
      .strictObject({
        kernel: z.array(name).min(1).optional().describe('kernels to run every arm on'),
        probe: z
          .array(name)
          .min(1)
          .optional()
          .describe('probes to run every arm with, one at a time; none is no probe'),
      })
      .optional()
      .describe('what is compared beside the parameters: each kernel and each probe makes arms of its own'),
    include: z.array(Point).min(1).optional().describe('further arms: each a value for every axis'),
    exclude: z.array(Point).min(1).optional().describe('arms that are left out: all that have these values'),
    order: z
      .enum(ORDERS)
      .optional()
      .describe(
        'interleaved: one repeat of every arm after the other (the default); mirrored: the same, every second round backwards (ABBA); sequential: arm by arm; shuffled',
      ),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .optional()
      .describe('of a shuffled order; by default one is drawn and recorded'),
    warmup: z.int().min(0).max(1000).optional().describe('runs of each arm that come first and do not count'),
    retries: z.int().min(0).max(100).optional().describe('further attempts at a run that did not pass (default: 0)'),
    before: z
      .array(Before)
      .optional()
      .describe(
        'what is done in the guest before each run: drop-caches, { sysctl: {...} }, { remount: /data }, { pin: 1 }, { run: COMMAND }',
      ),
    start: z
      .enum(STARTS)
      .optional()
      .describe(
        'shared: all runs on one VM (the default); warm: each run starts from a snapshot of a VM that has booted; ' +
          'cold: each run boots its own',
      ),
    control: z
      .literal('cold')
      .optional()
      .describe('with start: warm, every arm also boots cold, and the summary says whether the two agree'),
    parallel: z
      .union([z.int().min(1).max(64), z.literal('auto')])
      .optional()
      .describe('VMs at a time; auto: as many as CPUs and memory of the host allow (default: 1)'),
    observer: z
      .enum(['yes', 'no'])
      .optional()
      .describe(
        'yes: what the probes cost, by four arms: none, empty (their hooks and nothing in them), full, and counted (with the count of the kernel on), mirrored by default',
      ),
    metrics: z
      .record(paramName, Metric)
      .optional()
      .describe('numbers of each run, by name: the median of everything that matches; a run without one of them fails'),
    repeat: z
      .union([
        z.int().min(1).max(10000),
        z.strictObject({ until: Until.describe('until a metric is known well enough') }),
      ])
      .optional()
      .describe('runs of each arm (default: 1); { until: ... }: as many as a metric needs'),
    timeout: seconds
      .optional()
      .describe('deadline of one workload, before it is scaled for a slow accelerator (default: 60s)'),
    deadline: seconds
      .optional()
      .describe('for all runs of one arm together; the rest of its runs is left out, and the summary says so'),
    trace: z
      .strictObject({
        clock: z.enum(CLOCKS).optional().describe('the clock of the trace (default: mono)'),
        buffer: size.optional().describe('ring buffer of each CPU (default: 8M)'),
        events: z
          .array(
            text(
              TRACE_EVENT,
              'an event is written system:event, a kprobe event p:NAME FUNCTION ARGUMENTS (r: at its return)',
            ),
          )
          .optional()
          .describe(
            'further trace events: system:event, system:* for all of a system, or a kprobe event in the words of the kernel ' +
              '(Documentation/trace/kprobetrace.rst): p:entered copyout to=%di, r:left copyout left=$retval',
          ),
        overwrite: z
          .enum(['yes', 'no'])
          .optional()
          .describe('when the buffer is full: yes (the default) drops the oldest events, no the newest'),
        onLoss: z
          .enum(['fail', 'warn', 'retry'])
          .optional()
          .describe(
            'when something was lost: fail (the default) makes the run incomplete, warn says so and lets it pass, ' +
              'retry runs it again with twice the buffer, once',
          ),
        function_graph: z
          .strictObject({
            functions: z
              .array(func)
              .min(1)
              .describe(
                'where a tree begins; of several names those that the kernel has, for example [__x64_sys_read]',
              ),
            depth: z.int().min(1).max(50).optional().describe('calls below that are shown (default: all)'),
          })
          .optional()
          .describe("the call tree of the workload's work in the kernel, with durations"),
      })
      .optional()
      .describe('how the trace is taken'),
    maps: Slots.optional(),
    collect: z.array(z.enum(COLLECT)).optional().describe('what a run keeps (default: everything)'),
    allow: z
      .array(Allowed)
      .min(1)
      .optional()
      .describe(
        'splats of the kernel (oopses, warnings, reports of KASAN or lockdep, ...) that do not make a run fail: a kind, or a kind in one function',
      ),
    expect: z.array(Expectation).optional().describe('what must hold for the run to pass'),
    published: z
      .array(Published)
      .min(1)
      .optional()
      .describe('results of others that the medians of this experiment are compared with'),
  })
  .meta({ title: 'Experiment', description: 'a workload under probes, with parameters and expectations' })

export type Experiment = z.infer<typeof Experiment>
export type Slots = z.infer<typeof Slots>
export type Allowed = z.infer<typeof Allowed>
export type Before = z.infer<typeof Before>
export type Metric = z.infer<typeof Metric>
export type ParamValue = z.infer<typeof ParamValue>
