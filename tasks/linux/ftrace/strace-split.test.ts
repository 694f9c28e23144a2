import { expect, test } from 'vitest'
import { splitStrace } from './strace-split.ts'

const TEXT = `48    01:02:03.000001 execve("/run/lab/lab-holder", ["lab-holder"], 0x7ffd /* 3 vars */) = 0
48    01:02:03.000002 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD) = 49
48    01:02:03.000003 write(5, "p:lab_48/first ext4_file_read_ite"..., 40) = -1 ENOENT (No such file or directory)
48    01:02:03.000004 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 50
50    01:02:03.000005 splice(6, NULL, 8, NULL, 65536, SPLICE_F_MOVE) = -1 EAGAIN (Resource temporarily unavailable)
49    01:02:03.000006 execve("/run/lab/sh", ["sh"], 0x7ffd /* 3 vars */) = 0
49    01:02:03.000007 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>
51    01:02:03.000008 read(3, "1 2 3 4 5 6 7 8 ", 16) = 16
49    01:02:03.000009 <... clone resumed>) = 51
not a line
51    01:02:03.000010 +++ exited with 0 +++
`

test('R-0502-5: the loader’s calls and the workload’s, with what it started', () => {
  const { holder, workload } = splitStrace(TEXT, 49)
  expect(holder.split('\n')).toEqual([
    "# 1 lines of the recorder's thread (splice, nanosleep) are left out",
    ...TEXT.split('\n').filter((line) => line.startsWith('48')),
    '',
  ])
  expect(workload.match(/^\d+/gm)).toEqual(['49', '49', '51', '49', '51'])
})

test('a run whose workload never started has the loader’s calls', () => {
  expect(splitStrace(TEXT, undefined).workload).toBe('')
  expect(splitStrace('', 7)).toEqual({ holder: '', workload: '' })
})
