import { describe, expect, test } from 'vitest'
import { parsePublishedCsv } from './published-csv.ts'

const problems = (text: string) => parsePublishedCsv(text).problems.map(({ line, message }) => `${line}: ${message}`)

test('values, spreads, a unit, quoted arms, a byte order mark, Windows line ends', () => {
  expect(parsePublishedCsv('\uFEFFArm,Value (ms),Spread\r\n"n=1,k=2",47.60,6.52\r\nn=2,8e1,\r\n')).toEqual({
    rows: [
      { arm: 'n=1,k=2', value: 47.6, spread: 6.52 },
      { arm: 'n=2', value: 80, spread: null },
    ],
    unit: 'ms',
    problems: [],
  })
  expect(parsePublishedCsv('value,arm\n3,n=1\n').rows).toEqual([{ arm: 'n=1', value: 3, spread: null }])
})

describe('what is wrong is said with its line', () => {
  test.each([
    ['arm,value\nn=1,"47,60"\n', ['2: "47,60" has a comma as its decimal point']],
    ['arm,value\nn=1,47,60\n', ['2: "47,60" has a comma as its decimal point']],
    ['arm;value\nn=1;47,60\n', ['1: its columns are separated by semicolons']],
    ['arm,value,spread\nn=1,4.5,"0,5"\n', ['2: "0,5" has a comma as its decimal point']],
    ['arm,value\nn=1,fast\n', ['2: value "fast" is not a number']],
    ['arm,value\nn=1,\n', ['2: value "" is not a number']],
    ['arm,value\n,3\n', ['2: no arm is named']],
    ['arm,value\nn=1,1\n\nn=1,2\n', ['4: arm n=1 has a value already']],
    ['arm,value\n"n=1,1\n', ['2: a quote is not closed']],
    ['size,time\n1,2\n', ['1: it has no columns called arm and value']],
    ['', ['1: it is empty']],
  ])('%j', (text, is) => expect(problems(text)).toEqual(is))
})
