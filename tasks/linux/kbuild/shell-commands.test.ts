import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { commandLine, commandsOf, quoteWord } from './shell-commands.ts'

test('what make -n prints: commands between separators, over continued lines, with their quotes', () => {
  const script = [
    "set -e;  echo '  gcc -c a.c; rm x'; gcc -DNAME='\"a b\"' -c -o a.o a.c; printf '%s\\n' 'cmd := gcc' > .a.cmd",
    'clang -O2 \\',
    '\t-c k.c -o - | \\',
    '\tllc -march=bpf -o k.o',
  ].join('\n')
  expect(commandsOf(script)).toEqual([
    ['set', '-e'],
    ['echo', '  gcc -c a.c; rm x'],
    ['gcc', '-DNAME="a b"', '-c', '-o', 'a.o', 'a.c'],
    ['printf', '%s\\n', 'cmd := gcc', '>', '.a.cmd'],
    ['clang', '-O2', '-c', 'k.c', '-o', '-'],
    ['llc', '-march=bpf', '-o', 'k.o'],
  ])
})

test('a command line reads back as the words that it was made of', () => {
  const argv = ['clang', '-DLAB_SUFFIX="giulia"', "it's", 'a b', '', '$HOME', String.raw`back\slash`]
  expect(commandsOf(commandLine(argv))).toEqual([argv])
})

test('quotes that never end', () => {
  expect(commandsOf("echo 'no end")).toEqual([['echo', 'no end']])
  expect(commandsOf('echo "no end')).toEqual([['echo', 'no end']])
})

test('a word is one word of a shell, whatever is in it', () => {
  const words = [
    'plain',
    '',
    'a b',
    '$HOME',
    '`id`',
    "it's",
    "'",
    '"',
    '*',
    '~',
    'a\nb',
    ';',
    '&',
    '#',
    '\\',
    '!',
    'ä',
    '-x',
    '{a,b}',
  ]
  const stdout = execFileSync('sh', ['-c', `printf '%s|' ${words.map(quoteWord).join(' ')}`], { encoding: 'utf8' })
  expect(stdout).toBe(`${words.join('|')}|`)
  expect(quoteWord('/run/lab/a-b_c.d:1,2=3@%+')).toBe('/run/lab/a-b_c.d:1,2=3@%+')
})
