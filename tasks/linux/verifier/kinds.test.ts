import { describe, expect, test } from 'vitest'
import { formatPattern, Formats, sampleOf } from './format.ts'
import { formatsOf, kindOf, KINDS } from './kinds/index.ts'

describe('formats', () => {
  test.each([
    ['R%d !read_ok', 'R3 !read_ok', ['3']],
    ['off=%d size=%lld at %#llx', 'off=-8 size=12 at 0xff', ['-8', '12', '0xff']],
    ['%s pointer (%s) 100%%', 'map_value pointer (x) 100%', ['map_value', 'x']],
  ])('%s reads %s', (format, message, words) => {
    expect(formatPattern(format).exec(message)?.slice(1)).toEqual(words)
  })
  test('the format that says more is meant, and a message is whole', () => {
    const formats = new Formats([
      ["R%d invalid mem access '%s'", 'any'],
      ["R%d invalid mem access 'inv'", 'number'],
    ])
    expect(formats.find("R1 invalid mem access 'inv'")?.value).toBe('number')
    expect(formats.find("R10 invalid mem access 'fp'")).toMatchObject({ value: 'any', words: ['10', 'fp'] })
    expect(formats.find("R10 invalid mem access 'fp' is what the kernel says")).toBeUndefined()
  })
  test('a format that begins with any word counts only inside of a log', () => {
    const formats = new Formats([['%s is not sleepable', 'x']])
    expect(formats.find('vfs_read is not sleepable')).toBeUndefined()
    expect(formats.find('vfs_read is not sleepable', true)?.words).toEqual(['vfs_read'])
  })
})

test.each(KINDS.map((kind) => [kind.id, kind] as const))(
  'each message of %s is of this kind and no other',
  (id, kind) => {
    const others = formatsOf(kind).filter((format) => kindOf(sampleOf(format), true)?.value.id !== id)
    expect(others).toEqual([])
  },
)

test('names of kinds are unique, and each kind has something to do and a place in the kernel', () => {
  expect(new Set(KINDS.map(({ id }) => id)).size).toBe(KINDS.length)
  expect(KINDS.filter(({ sources }) => sources.length === 0)).toEqual([])
})
