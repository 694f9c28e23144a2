import { expect, test } from 'vitest'
import { changed, problemsIn } from '../lab.fixture.ts'

const matrix = (lines: string) => problemsIn(changed(['repeat: 5', `repeat: 5\n    ${lines}`]))

test.each([
  ['matrix: { kernel: [v5.4, v5.11] }', ['there is no kernel "v5.11"']],
  ['matrix: { probe: [readiter, non] }', ['there is no probe "non"']],
  ['matrix: { probe: [readiter, none] }', []],
  ['matrix: { kernel: [v5.4, v5.4] }', ['"v5.4" is in the list twice']],
  ['exclude: [{ byte: 16 }]', ['there is nothing called "byte" to choose']],
  ['exclude: [{ bytes: 16 }]', ['no arm is left: `exclude` takes all of them away']],
  ['exclude: [{ bytes: 16 }]\n    include: [{ bytes: 17, count: 1 }]', []],
  ['exclude: [{ bytes: 17 }]', ['no arm has bytes 17: nothing is left out']],
  ['include: [{ bytes: 17 }]', ['the arm says nothing about count']],
  ['include: [{ bytes: 17, count: 1 }]', []],
  ['seed: 7', ['a seed does nothing here']],
  ['order: shuffled\n    seed: 7', []],
  ['before: [drop-caches, { sysctl: { vm.swappiness: 10 } }, { run: "sync" }]', []],
  ['before: [drop-cache]', ['"drop-cache" is not drop-caches | did you mean "drop-caches"?']],
  ['before: [{ run: "echo ${byte}" }]', ['no parameter "byte" is declared']],
  ['before: [{ run: "echo a | b" }]', ['run']],
  ['before: [{ sysctl: { "../../x": 1 } }]', ['a sysctl is named like vm.swappiness']],
  ['metrics: { ns: { stdout: "took ([0-9]+)" } }', []],
  ['metrics: { ns: { stdout: "/^took ([0-9]+)$/" } }', []],
  ['metrics: { ns: { message: "/([0-9]+) of ${bytes}/", required: no } }', []],
  ['metrics: { ns: { stdout: "/took ([0-9]+)/i" } }', ['/took ([0-9]+)/i has something after its last slash']],
  ['metrics: { ns: { stdout: "took ([0-9]+) of ${byte}" } }', ['${byte} is used, and no parameter "byte" is declared']],
  ['metrics: { ns: { stdout: "took [0-9]+" } }', ['a metric is a regular expression with one group']],
  ['metrics: { ns: { stdout: "took (([0-9]+)" } }', ['a metric is a regular expression with one group']],
  ['observer: yes', []],
  ['observer: yes\n    exclude: [{ observer: counted }]', []],
  ['observer: yes\n    exclude: [{ observer: count }]', ['no arm has observer "count"']],
  ['observer: yes\n    matrix: { probe: [readiter] }', ['observer: yes chooses the probes of each arm itself']],
  ['start: hot', ['start']],
  ['start: warm', []],
  ['start: warm\n    control: cold', []],
  ['control: cold', ['there is nothing to compare with cold runs']],
  ['start: cold\n    control: cold', ['there is nothing to compare with cold runs']],
  ['before: [{ remount: /data }, { pin: 1 }, { pin: [0, 1] }]', []],
  ['before: [{ remount: /date }]', ['the VM has no data disk on /date | did you mean "/data"?']],
  ['before: [{ remount: data }]', ['a mount point is a path such as /data']],
  ['before: [{ pin: -1 }]', ['pin']],
  ['before: [{ pin: [0, 2] }]', ['the VM has no CPU 2: it has 2']],
  ['deadline: 10m', []],
  ['deadline: soon', ['a duration is a whole number']],
  ['parallel: 0', ['parallel']],
])('%s', (lines, facts) => {
  const problems = matrix(lines)
  expect(problems.length).toBe(facts.length)
  for (const [index, fact] of facts.entries()) expect(problems[index]).toContain(fact)
})

test('a deterministic VM has no warm start', () => {
  const sealed = changed(['repeat: 5', 'repeat: 5\n    start: warm'], ['cpus: 2', 'cpus: 1\n    deterministic: yes'])
  expect(problemsIn(sealed).join()).toContain('a deterministic VM boots for each run')
})

const until = (lines: string) => problemsIn(changed(['repeat: 5', lines]))

test('repeat until needs a metric that there is, a precision and a maximum', () => {
  const metrics = 'metrics: { ns: { stdout: "took ([0-9]+)" } }'
  expect(until(`${metrics}\n    repeat: { until: { metric: ns, ci: 5%, max: 200 } }`)).toEqual([])
  expect(until('repeat: { until: { metric: ns, ci: 5%, max: 200 } }')[0]).toContain('there is no metric "ns"')
  expect(until(`${metrics}\n    repeat: { until: { metric: ns, ci: 5, max: 200 } }`).join()).toContain('ci')
  expect(until(`${metrics}\n    repeat: { until: { metric: ns, ci: 5% } }`).join()).toContain('max')
  expect(until(`${metrics}\n    repeat: { until: { metric: ns, ci: 5%, max: 3 } }`)).toEqual([])
  expect(until(`${metrics}\n    repeat: { until: { metric: ns, ci: 5%, min: 50, max: 10 } }`)).toEqual([
    'at least 50 runs are more than the 10 that there are at most | make min smaller, or max larger',
  ])
})
