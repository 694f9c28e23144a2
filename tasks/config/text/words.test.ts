import { describe, expect, test } from 'vitest'
import { Failure } from '../../engine/error.ts'
import { argvOf, words, wordsProblem } from './words.ts'

describe('words', () => {
  test.each([
    ['readfile /data/f --count 3', ['readfile', '/data/f', '--count', '3']],
    ['  a \t b  ', ['a', 'b']],
    ["a 'b c' d", ['a', 'b c', 'd']],
    ['a "b c" d', ['a', 'b c', 'd']],
    ["a ''", ['a', '']],
    ['a ""', ['a', '']],
    [`a 'b'"c"d`, ['a', 'bcd']],
    ['a b\\ c', ['a', 'b c']],
    [`a '\\n' "\\n" \\n`, ['a', '\\n', '\\n', 'n']],
    ['a "say \\"x\\" \\\\ \\$"', ['a', 'say "x" \\ $']],
    [`sh -c 'a | b > c; d && e $(f) $HOME * # g'`, ['sh', '-c', 'a | b > c; d && e $(f) $HOME * # g']],
    ['a "b | c > d ; e * ? ~"', ['a', 'b | c > d ; e * ? ~']],
    ['a \\| \\; \\> \\* \\$HOME', ['a', '|', ';', '>', '*', '$HOME']],
    ['a ${bytes}x "${count} y"', ['a', '${bytes}x', '${count} y']],
    ['a b#c d~ e=f', ['a', 'b#c', 'd~', 'e=f']],
    ['a 100% {x,y} [z] ! @ ^', ['a', '100%', '{x,y}', '[z]', '!', '@', '^']],
    ['\n a b\n', ['a', 'b']],
    ['a \\\n b', ['a', 'b']],
    ['a é 漢', ['a', 'é', '漢']],
    ['cost 5$', ['cost', '5$']],
  ])('%j', (text, expected) => expect(words(text)).toEqual(expected))

  const OWN = "quote it if it is text, or start a shell yourself: sh -c '...'"
  test.each([
    ['a; b', '";" begins a second command in a shell, and no shell is run', OWN, ';'],
    ['a && b', '"&&" begins a second command in a shell, and no shell is run', OWN, '&&'],
    ['a || b', '"||" begins a second command in a shell, and no shell is run', OWN, '||'],
    ['a &', '"&" begins a second command in a shell, and no shell is run', OWN, '&'],
    ['a | b', '"|" is a pipe in a shell, and no shell is run', OWN, '|'],
    ['a > b', '">" redirects in a shell, and no shell is run', OWN, '>'],
    ['a 2>>b', '">>" redirects in a shell, and no shell is run', OWN, '>>'],
    ['a < b', '"<" redirects in a shell, and no shell is run', OWN, '<'],
    ['a $(b)', '"$(" runs a command for its output in a shell, and no shell is run', OWN, '$('],
    ['a `b`', '"`" runs a command for its output in a shell, and no shell is run', OWN, '`'],
    ['a "$(b)"', '"$(" runs a command for its output also inside "..." in a shell, and no shell is run', OWN, '$('],
    ['a "`b`"', '"`" runs a command for its output also inside "..." in a shell, and no shell is run', OWN, '`'],
    ['a $HOME', '"$HOME" is a variable in a shell, and no shell is run', OWN, '$HOME'],
    ['a "$1"', '"$1" is a variable also inside "..." in a shell, and no shell is run', OWN, '$1'],
    ['a *.c', '"*" matches file names in a shell, and no shell is run', OWN, '*'],
    ['a ~/x', '"~" is the home directory in a shell, and no shell is run', OWN, '~'],
    ['a # b', '"#" begins a comment in a shell, and no shell is run', OWN, '#'],
    ['(a)', '"(" begins or ends a subshell in a shell, and no shell is run', OWN, '('],
    [
      'a\nb',
      'a line break begins a second command in a shell, and no shell is run',
      "put it on one line, or start a shell yourself: sh -c '...'",
      '\n',
    ],
    ['A=1 b', 'A=... sets a variable, and no shell is run', 'write env in front: env A=1 ...', 'A='],
    ["a 'b", "the quote ' is never closed", "add '", "'"],
    ['a "b', 'the quote " is never closed', 'add "', '"'],
    ['a \\', 'the command ends with a backslash', 'write \\\\ for a backslash', '\\'],
    ['  ', 'the command is empty', 'write the program and its arguments', '  '],
  ])('%j is refused', (text, message, wayOut, place) => {
    const problem = wordsProblem(text)
    expect(problem).toMatchObject({ message, wayOut })
    expect(text.slice(...(problem?.span ?? [0, 0]))).toBe(place)
    expect(() => words(text)).toThrow(Failure)
  })

  test('the span is that of the character outside the quotes', () => {
    expect(wordsProblem("a '>' > b")?.span).toEqual([6, 7])
  })
})

describe('argvOf', () => {
  test('puts parameters in after splitting: a value stays one word and is never read again', () => {
    const value = `a b; 'c' \${count} $(d)`
    expect(argvOf('run ${file} "--x=${file}" \'${file}\'', { file: value, count: 3 })).toEqual([
      'run',
      value,
      `--x=${value}`,
      value,
    ])
  })

  test('an escaped parameter is text', () => {
    expect(argvOf('run \\${file} "\\${file}" $${file}', { file: 'x' })).toEqual([
      'run',
      '${file}',
      '${file}',
      '${file}',
    ])
  })

  test('an empty value is an empty argument', () => expect(argvOf('run ${x}', { x: '' })).toEqual(['run', '']))

  test('an undeclared parameter is refused', () => {
    expect(() => argvOf('run ${byte}', { bytes: 1 })).toThrow('"${byte}" is not a declared parameter')
  })
})
