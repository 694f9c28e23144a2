/** `expect:` of an experiment: what must hold for a run to pass. The first key of an entry says which kind it is. */
import { z } from 'zod'
import { func, name, text } from './schema-text.ts'

const kernels = z.array(name).min(1).optional().describe('only on these kernels')
const probes = z.array(name).min(1).optional().describe('only with one of these probes; never without any probe')
/** When an expectation applies. */
const where = { kernels, probes } as const

const pattern = z
  .string()
  .min(1)
  .describe('plain text is the whole line, "/.../" a regular expression that may match anywhere in it')

export const OrderExpectation = z
  .strictObject({
    order: z
      .array(z.string().min(1))
      .min(1)
      .describe('messages in this order: plain text is the whole message, "/.../" a regular expression'),
    per: z
      .enum(['sequence', 'read', 'run'])
      .describe(
        'sequence: one begins wherever the first message appears (read says the same); run: one sequence in the whole run',
      ),
    of: z
      .enum(['workload'])
      .optional()
      .describe('whose events: the process of the workload and its children (the default, and the only choice)'),
    times: z
      .union([
        z.int().min(0),
        text(/^\$\{[A-Za-z][A-Za-z0-9._-]*\}$/, 'times is a whole number or one parameter, for example ${count}'),
      ])
      .optional()
      .describe('how many such sequences there must be (default: one or more)'),
    ...where,
  })
  .meta({ title: 'Messages in an order' })

/** Where a run can fail, in the order in which it gets there. */
export const STAGES = [
  'compile',
  'load',
  'verifier',
  'slot',
  'attach',
  'missed',
  'silent',
  'deadline',
  'workload',
] as const

export const FailureExpectation = z
  .strictObject({
    failure: z
      .enum(STAGES)
      .describe(
        'what must fail: compile; load (libbpf or the kernel refuses the object), verifier, slot (of a map), attach; missed (hits of the ' +
          'program are missed and none counted), silent (the program runs and its message never appears); deadline, workload',
      ),
    message: pattern
      .optional()
      .describe(
        'a line of what is said about it: "/.../" or the whole line; for silent the message that never appears',
      ),
    program: func.optional().describe('the program that it happens to (default: any)'),
    status: z.int().min(0).max(255).optional().describe('workload: its exit status (default: any but 0)'),
    signal: z.int().min(1).max(64).optional().describe('workload: the signal that ends it'),
    ...where,
  })
  .meta({ title: 'A failure that is the result' })

const Count = z
  .union([
    z.int().min(0),
    text(
      /^(>=|<=|>|<)? ?([0-9]{1,9}|\$\{[A-Za-z][A-Za-z0-9._-]*\})$/,
      'a count is a whole number or a parameter, with >=, <=, > or < before it: ">=1"',
    ),
  ])
  .describe('how many: 3, ">=1", "<= 5" or ${count}')

export const CountExpectation = [
  z
    .strictObject({
      hits: z.record(func, Count).describe('program -> how often it ran, in all processes'),
      ...where,
    })
    .meta({ title: 'Hits of programs' }),
  z
    .strictObject({
      misses: z.record(func, Count).describe('program -> how many of its hits were missed'),
      ...where,
    })
    .meta({ title: 'Missed hits' }),
  z
    .strictObject({
      messages: z.record(pattern, Count).describe('message or "/.../" -> how often it appears'),
      of: z.enum(['workload', 'others', 'all']).optional().describe('whose messages (default: workload)'),
      ...where,
    })
    .meta({ title: 'Numbers of messages' }),
] as const

export const CallsExpectation = z
  .strictObject({
    calls: z
      .array(func)
      .min(2)
      .describe(
        'functions, each called by the one before it or by something that this one calls: [vfs_read, ext4_file_read_iter]',
      ),
    ...where,
  })
  .meta({ title: 'Calls inside each other' })

const as = z
  .enum(['hex', 'char'])
  .optional()
  .describe('hex: digits without 0x in front; char: one character, compared by its code')
// Always a regular expression, so the slashes around it may be left out, as in `metrics:`.
const capture = text(
  /^(?!\/.+\/[dgimsuvy]{1,3}$).+$/s,
  'a regular expression takes no flags: "fd (\\d+)" or "/fd (\\d+)/"',
).describe('a regular expression; its first group is the value, every match counts')

export const SameSource = z.union([
  z.strictObject({ stdout: capture, as }).meta({ title: "The workload's output" }),
  z.strictObject({ stderr: capture, as }).meta({ title: "The workload's error output" }),
  z.strictObject({ message: capture, as }).meta({ title: "The workload's messages" }),
  z
    .strictObject({
      map: text(
        /^[A-Za-z_][A-Za-z0-9_]*(\[[^\]]+\])?(\.[A-Za-z_][A-Za-z0-9_]*)*$/,
        'a place in a map is written map[key].field; a global variable or the entry 0 of an array by its name',
      ).describe('what a map holds at the end: map[key].field, map (entry 0) or a global variable'),
      as,
    })
    .meta({ title: 'A map' }),
  z
    .strictObject({
      value: z.union([z.int(), z.string().min(1)]).describe('a value: number, text, parameter or ${workload.pid}'),
      as,
    })
    .meta({ title: 'A value' }),
])

export const SameExpectation = z
  .strictObject({
    same: z
      .array(SameSource)
      .min(2)
      .describe('values that must be equal; a source with many values is compared one by one, one value with each'),
    ...where,
  })
  .meta({ title: 'The same value on both sides' })

export const Expectation = z.union([
  OrderExpectation,
  FailureExpectation,
  ...CountExpectation,
  CallsExpectation,
  SameExpectation,
])

export type Expectation = z.infer<typeof Expectation>
export type OrderExpectation = z.infer<typeof OrderExpectation>
export type FailureExpectation = z.infer<typeof FailureExpectation>
export type SameExpectation = z.infer<typeof SameExpectation>
export type SameSource = z.infer<typeof SameSource>
export type Count = z.infer<typeof Count>
