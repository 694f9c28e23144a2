import { expect, test } from 'vitest'
import { listedFiles, sshAddress } from './sftp.ts'

test.each([
  ['ssh://host/srv/lab', { user: undefined, host: 'host', port: undefined, directory: '/srv/lab' }],
  ['ssh://me@host:2222/srv/', { user: 'me', host: 'host', port: 2222, directory: '/srv' }],
  ['ssh://host/~/cache', { user: undefined, host: 'host', port: undefined, directory: 'cache' }],
  ['ssh://[::1]:22/a', { user: undefined, host: '::1', port: 22, directory: '/a' }],
])('%s is an address', (text, address) => {
  expect(sshAddress(text)).toEqual(address)
})

test.each([
  'ssh://host',
  'ssh://host/',
  'ssh:///srv',
  'ssh://-host/srv',
  'ssh://-l@host/srv',
  'ssh://host:70000/srv',
  'ssh://host/a b',
  'ssh://host/a/../b',
  'ssh://host/*',
  'ssh://host/"x"',
  'ssh://host/a\nrm b',
  'ssh://user:password@host/srv',
])('%j is not', (text) => {
  expect(() => sshAddress(text)).toThrow(/not the address/)
})

test('files of a listing, whatever the time looks like; directories and links are left out', () => {
  const output = `sftp> ls -lan /srv/lab
drwxr-xr-x    ? 0        0            4096 Nov 30 09:00 /srv/lab/.
-rw-r--r--    ? 1000     1000     10150538 Nov 30 09:25 /srv/lab/kernel-98.entry
-rw-r--r--    1 1000     1000           12 Jan  3  2025 /srv/lab/kernel-98.json
lrwxrwxrwx    ? 0        0               7 Nov 30 09:25 /srv/lab/link
-rw-r--r--    ? 0        0               0 Nov 30 09:25 .partial-1
`
  expect(listedFiles(output)).toEqual([
    { name: 'kernel-98.entry', size: 10_150_538 },
    { name: 'kernel-98.json', size: 12 },
    { name: '.partial-1', size: 0 },
  ])
})
