import { homedir } from 'node:os'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { redactor, secretsOf } from './redact.ts'

const KEY = [
  '-----BEGIN OPENSSH PRIVATE KEY-----',
  'b3BlbnNzaC1rZXktdjEAAAAABG5vbmU',
  'AAAAC3NzaC1lZDI1',
  '-----END OPENSSH PRIVATE KEY-----',
].join('\n')
const none = { paths: {}, words: {}, values: {} }
const redact = redactor(none)

test.each([
  ['a private key', `before\n${KEY}\nafter`, 'before\n<private key>\nafter'],
  ['a private key in JSON', JSON.stringify({ key: KEY, next: 1 }), '{"key":"<private key>","next":1}'],
  ['a private key that was cut off', KEY.slice(0, 60), '<private key>'],
  ['the password of a URL', 'git clone https://anna:hunter2@host/x.git', 'git clone https://<secret>@host/x.git'],
  ['a bearer token', 'Authorization: Bearer abcdefgh12345678', 'Authorization: Bearer <secret>'],
  ['a token by its prefix', 'x ghp_abcdefghijklmnop0123 y', 'x ghp_<secret> y'],
  ['a web token', 'is eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_ here', 'is <secret> here'],
  ['a password of an option', '--password=hunter2 --x', '--password=<secret> --x'],
  ['a password in YAML', 'api_key: "abc123"', 'api_key: "<secret>"'],
  ['an address', 'by Anna <anna.b@mail.example.org>', 'by Anna <<address>>'],
])('%s is taken out', (_, text, expected) => {
  expect(redact(text)).toBe(expected)
})

test.each(['git@github.com:a/b.git', 'max_tokens', 'kprobe:vfs_read', 'probe/readiter.bpf.c:12: error', '/dev/kvm'])(
  '%s is left as it is',
  (text) => expect(redact(text)).toBe(text),
)

test('paths go with the longest first, words only whole, values wherever they are', () => {
  const clean = redactor({
    paths: { '/home/anna': '~', '/home/anna/lab': '<lab>' },
    words: { anna: '<user>' },
    values: { 'a+b(c)': 'MY_TOKEN' },
  })
  expect(clean('/home/anna/lab/x /home/anna/.ssh /home/annabel')).toBe('<lab>/x ~/.ssh /home/annabel')
  expect(clean('Anna, annabel, anna_1 and xa+b(c)y')).toBe('<user>, annabel, <user>_1 and x<value of MY_TOKEN>y')
})

test('the secrets of this process: home, user, and variables whose names say so', () => {
  const env = {
    HOME: '/home/anna',
    USER: 'anna',
    CI_TOKEN: 'a"b\\c123',
    SSH_AUTH_SOCK: '/tmp/agent',
    PATH: '/usr/bin',
    MY_KEY: 'abc',
  }
  const secrets = secretsOf(env, { lab: '/srv/lab' })
  expect(secrets.paths).toMatchObject({ '/home/anna': '~', [homedir()]: '~', '/srv/lab': '<lab>' })
  expect(secrets.words).toMatchObject({ anna: '<user>' })
  expect(secrets.values).toEqual({ 'a"b\\c123': 'CI_TOKEN', 'a\\"b\\\\c123': 'CI_TOKEN' })
})

test('no value of a secret variable is left in any text, as it is or in JSON', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 6, unit: 'binary-ascii' }), fc.string(), (value, around) => {
      fc.pre(!/^\/|[<>]/.test(value) && !'<value of THE_TOKEN>'.includes(value))
      const clean = redactor(secretsOf({ THE_TOKEN: value }, {}))
      const text = `${around}${value}${around}`
      expect(clean(text)).not.toContain(value)
      expect(clean(JSON.stringify(text))).not.toContain(JSON.stringify(value).slice(1, -1))
    }),
  )
})
