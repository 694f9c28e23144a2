import { expect, test } from 'vitest'
import { ACTIONS } from '../results.ts'
import { candidates, type Facts } from './words.ts'

const facts: Facts = {
  commands: [
    {
      usage: 'run [experiment...]',
      about: 'run experiments',
      options: [
        ['-p, --param <name=value>', 'a value'],
        ['--only <values>', 'some arms'],
        ['--start <how>', 'how to start'],
        ['--junit <file>', 'a file'],
        ['--resume', 'go on'],
      ],
    },
    { usage: 'results [action] [run]', about: 'runs', options: [] },
    { usage: 'trace <run>', about: 'events', options: [] },
    { usage: 'diff <a> [b]', about: 'compare', options: [] },
    { usage: 'export [run...]', about: 'pack', options: [] },
    { usage: 'cache <action> <place> [name...]', about: 'share', options: [] },
    { usage: 'init [dir]', about: 'create', options: [['--from <name>', 'copy an example']] },
    { usage: 'task <plan> <block>', about: 'a block', options: [['--from <n>', 'a number']] },
  ],
  declared: (key) => Promise.resolve(key === 'experiments' ? [['read', 'about reads'], ['cost']] : []),
  axes: (experiment) =>
    Promise.resolve(experiment === 'read' ? { bytes: ['16', '64'], kernel: ['v5.10'] } : { probe: ['none'] }),
  examples: () => Promise.resolve([['fsync', 'What does an fsync() cost?']]),
  runs: () => Promise.resolve(['read/20260101-a', 'read/20260102-b']),
}

/** The words for a line whose last word the cursor is at; `:files` where names of files fit as well. */
async function offered(line: string): Promise<string[]> {
  const { words, files } = await candidates(line.split(' '), facts)
  return [...words.map(([word]) => word), ...(files ? [':files'] : [])]
}

test.each([
  ['', ['run', 'results', 'trace', 'diff', 'export', 'cache', 'init', 'task']],
  ['r', ['run', 'results']],
  ['--js', ['--json']],
  ['--json t', ['trace', 'task']],
  ['-f ', [':files']],
  ['-f other.yaml r', ['run', 'results']],
  ['nothing ', []],
])('before the command, "%s" offers %j', async (line, words) => {
  expect(await offered(line)).toEqual(words)
})

test.each([
  ['run ', ['read', 'cost']],
  ['run read ', ['cost']],
  ['run --resume r', ['read']],
  ['run --start ', ['shared', 'warm', 'cold']],
  ['run --start warm c', ['cost']],
  ['run --re', ['--resume']],
  ['run --junit ', [':files']],
  ['run -f x.yaml re', ['read']],
  ['trace r', ['read@last', 'read/20260102-b', 'read/20260101-a', ':files']],
  ['trace last x', []],
  ['results o', ['order', 'observer']],
  ['results order ', ['read', 'cost']],
  ['results claims ', ['read', 'cost']],
  ['diff read/b', ['read/bytes=16', 'read/bytes=64']],
  ['diff read/bytes=16 read/k', ['read/kernel=v5.10']],
  ['diff cost/', ['cost/probe=none']],
  ['export c', ['cost', ':files']],
  ['cache ', ['push', 'pull', 'list']],
  ['init --from ', ['fsync']],
  ['task 7 --from ', []],
  ['results show l', ['last', ':files']],
])('behind the command, "%s" offers %j', async (line, words) => {
  expect(await offered(line)).toEqual(words)
})

test('a value of an axis is offered when its name is there', async () => {
  expect(await offered('run read --only ')).toEqual(['bytes=', 'kernel='])
  expect(await offered('run read --only bytes=')).toEqual(['bytes=16', 'bytes=64'])
  expect(await offered('run cost -p pr')).toEqual(['probe='])
})

test('every word behind -- is an argument', async () => {
  expect(await offered('run -- --re')).toEqual([])
  expect(await offered('run -- re')).toEqual(['read'])
})

test('every action of `lab results` is offered', async () => {
  const offers = (await offered('results ')).filter((word) => word !== ':files')
  expect(offers.toSorted()).toEqual(Object.keys(ACTIONS).toSorted())
})
