import { expect, test } from 'vitest'
import { changed, said } from './lab.fixture.ts'

const matrix = (lines: string) => said(changed(['repeat: 5', `repeat: 5\n    ${lines}`]))

test.each([
  ['matrix: { kernel: [v5.4, v5.11] }', ['there is no kernel "v5.11"']],
  ['matrix: { probe: [readiter, non] }', ['there is no probe "non"']],
  ['matrix: { probe: [readiter, none] }', []],
  ['matrix: { kernel: [v5.4, v5.4] }', ['"v5.4" is in the list twice']],
  ['exclude: [{ byte: 16 }]', ['there is nothing called "byte" to choose']],
  ['exclude: [{ bytes: 17 }]', ['no arm has bytes 17: nothing is left out']],
  ['include: [{ bytes: 17 }]', ['the arm says nothing about count']],
  ['include: [{ bytes: 17, count: 1 }]', []],
  ['seed: 7', ['a seed does nothing here']],
  ['order: shuffled\n    seed: 7', []],
  ['before: [drop-caches, { sysctl: { vm.swappiness: 10 } }, { run: "sync" }]', []],
  ['before: [drop-cache]', ['before']],
  ['before: [{ run: "echo ${byte}" }]', ['no parameter "byte" is declared']],
  ['before: [{ run: "echo a | b" }]', ['run']],
  ['before: [{ sysctl: { "../../x": 1 } }]', ['a sysctl is named like vm.swappiness']],
  ['start: hot', ['start']],
  ['parallel: 0', ['parallel']],
])('%s', (lines, facts) => {
  const problems = matrix(lines)
  expect(problems.length).toBe(facts.length)
  for (const [index, fact] of facts.entries()) expect(problems[index]).toContain(fact)
})
