import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { has, LOG_PATH, run, start } from './sh.ts'

const gone = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') ?? true
  } catch {
    return true
  }
}
const pidsIn = (file: string): number[] => readFileSync(file, 'utf8').trim().split(/\s+/).map(Number)

/** Two sleeping children and their parent, each of which a kill of the parent alone would leave running. */
const TREE = 'sleep 100 & a=$!; sleep 100 & echo $$ $a $! > "$1.new"; mv "$1.new" "$1"; wait'

describe('run', () => {
  test('returns both outputs and the status', async () => {
    expect(await run(['sh', '-c', 'echo out; echo err >&2'])).toEqual({ stdout: 'out\n', stderr: 'err\n', status: 0 })
  })

  test('passes words as they are, whatever a shell would make of them', async () => {
    const words = ['a b', '', '$HOME', '`id`', "it's", '"', '*', 'a\nb', '-n', '\\', '~', 'ä']
    const { stdout } = await run(['printf', '%s|', ...words])
    expect(stdout).toBe(`${words.join('|')}|`)
  })

  test('gives input, a directory and variables, and takes variables away', async () => {
    const dir = tempDir()
    const { stdout } = await run(['sh', '-c', 'cat; pwd; echo "$LAB_A ${HOME-none}"'], {
      input: 'in\n',
      cwd: dir,
      env: { LAB_A: 'a', HOME: undefined },
    })
    expect(stdout).toBe(`in\n${dir}\na none\n`)
  })

  test('programs speak English, whatever language the user does', async () => {
    vi.stubEnv('LC_ALL', 'de_DE.UTF-8')
    vi.stubEnv('LANGUAGE', 'de')
    onTestFinished(() => void vi.unstubAllEnvs())
    const script = 'echo "$LC_ALL,${LANGUAGE-none}"'
    expect((await run(['sh', '-c', script])).stdout).toBe('C,none\n')
    const file = join(tempDir(), 'stderr')
    const started = start(['sh', '-c', `${script} >&2`], { cwd: tempDir(), dieWithUs: true, stderrFile: file })
    await started.ended
    expect(await readFile(file, 'utf8')).toBe('C,none\n')
  })

  test('an empty input ends at once', async () => {
    expect((await run(['cat'], { input: '', timeout: 20_000 })).stdout).toBe('')
  })

  test('a program that does not read its input is no failure', async () => {
    expect((await run(['true'], { input: 'x'.repeat(4_000_000) })).status).toBe(0)
  })

  test('another status than those accepted is a failure with the last lines of output, safe to print', async () => {
    const script = 'seq 30; printf "\\033[31mred\\n" >&2; exit 3'
    const failure = await failureOf(run(['sh', '-c', script], { place: 'kernel v5.4', wayOut: 'do this' }))
    expect(failure).toMatchObject({
      kind: 'lab',
      parts: { place: 'kernel v5.4', fact: 'sh ended with status 3', wayOut: 'do this' },
    })
    expect(failure.parts.lines).toHaveLength(20)
    expect(failure.parts.lines?.slice(-2)).toEqual(['30', '\\x1b[31mred'])
    expect((await run(['sh', '-c', script], { accept: [0, 3] })).status).toBe(3)
    expect((await failureOf(run(['true'], { accept: [1] }))).parts.fact).toBe('true ended with status 0')
  })

  test('a program that was killed is named with its signal', async () => {
    const failure = await failureOf(run(['sh', '-c', 'kill -9 $$']))
    expect([failure.reason, failure.parts.fact]).toEqual(['signal', 'sh was ended by SIGKILL'])
  })

  test('a missing program is named, and a program that misses another is not blamed on us', async () => {
    const failure = await failureOf(run(['lab-no-such-program', 'x'], { place: 'here' }))
    expect(failure.parts).toMatchObject({ place: 'here', fact: 'lab-no-such-program is not installed' })
    expect(failure.reason).toBe('not-installed')
    expect((await failureOf(run(['./none'], { cwd: tempDir() }))).reason).toBe('not-installed')
    expect((await failureOf(run(['sh'], { env: { PATH: '/nowhere' } }))).reason).toBe('not-installed')
    expect(failure.parts.wayOut).toContain('lab doctor')
    const inner = await failureOf(run(['sh', '-c', 'lab-no-such-program']))
    expect([inner.reason, inner.parts.fact]).toEqual(['exit-status', 'sh ended with status 127'])
    expect(inner.parts.lines?.join()).toContain('lab-no-such-program')
  })

  test('a time limit ends the program and the failure says so', async () => {
    const failure = await failureOf(run(['sh', '-c', 'echo begun; sleep 100'], { timeout: 200 }))
    expect(failure.parts).toMatchObject({ reason: 'timeout', fact: 'sh took longer than 0.2 s', lines: ['begun'] })
  })

  test('an abort ends the whole tree', async () => {
    const file = join(tempDir(), 'pids')
    const control = new AbortController()
    const running = failureOf(run(['sh', '-c', TREE, 'sh', file], { signal: control.signal }))
    await expect.poll(() => existsSync(file)).toBe(true)
    const pids = pidsIn(file)
    expect(pids.map(gone)).toEqual([false, false, false])
    control.abort()
    expect((await running).kind).toBe('interrupted')
    await expect.poll(() => pids.map(gone)).toEqual([true, true, true])
  })

  test('nothing is started after an abort', async () => {
    const file = join(tempDir(), 'file')
    const failure = await failureOf(run(['touch', file], { signal: AbortSignal.abort() }))
    expect(failure.kind).toBe('interrupted')
    const control = new AbortController()
    const late = failureOf(run(['touch', file], { signal: control.signal, log: `${file}.log` }))
    control.abort()
    expect((await late).kind).toBe('interrupted')
    expect(existsSync(file)).toBe(false)
  })

  test('a child does not outlive a killed parent', async () => {
    const dir = tempDir()
    const [script, file] = [join(dir, 'parent.mts'), join(dir, 'pid')]
    await writeFile(
      script,
      `import { run } from ${JSON.stringify(join(import.meta.dirname, 'sh.ts'))}
       await run(['sh', '-c', 'echo $$ > "$1.new"; mv "$1.new" "$1"; exec sleep 100', 'sh', ${JSON.stringify(file)}])`,
    )
    const parent = spawn(process.execPath, [script], { stdio: 'ignore' })
    await expect.poll(() => existsSync(file)).toBe(true)
    const [pid = 0] = pidsIn(file)
    expect(gone(pid)).toBe(false)
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    await expect.poll(() => gone(pid)).toBe(true)
  })
})

describe('lines of output', () => {
  const linesOf = async (script: string): Promise<string[]> => {
    const lines: string[] = []
    await run(['sh', '-c', script], { onLine: (line) => lines.push(line) })
    return lines
  }

  test('are whole, without line ends, and an unfinished last one counts', async () => {
    expect(await linesOf('printf "a\\n\\nb\\r\\nc\\rd"')).toEqual(['a', '', 'b', 'c', 'd'])
  })

  test('survive a chunk that ends within a character or a line end', async () => {
    expect(await linesOf("printf 'x\\303'; sleep 0.05; printf '\\244\\r'; sleep 0.05; printf '\\ny\\n'")).toEqual([
      'xä',
      'y',
    ])
  })

  test('of stdout and stderr do not run into each other', async () => {
    expect(await linesOf('printf half; sleep 0.05; echo error >&2; sleep 0.05; echo " done"')).toEqual([
      'error',
      'half done',
    ])
  })
})

describe('log', () => {
  test('has command and all output when run returns, line callbacks miss nothing, and failures name it', async () => {
    const log = join(tempDir(), 'deep/log')
    const lines: string[] = []
    await run(['seq', '20000'], { log, onLine: (line) => lines.push(line) })
    expect(lines).toHaveLength(20_000)
    const failure = await failureOf(run(['sh', '-c', 'echo broken >&2; exit 1'], { log }))
    expect(failure.parts.log).toBe(log)
    const text = await readFile(log, 'utf8')
    expect(text).toMatch(/^\$ seq 20000\n1\n2\n/)
    expect(text).toMatch(/\n20000\n\$ sh -c .*\nbroken\n$/)
  })
})

test('has', async () => {
  expect(await has('sh')).toBe(true)
  expect(await has('lab-no-such-program')).toBe(false)
})

describe('start', () => {
  test('reports the end, and its stderr goes to the file', async () => {
    const cwd = tempDir()
    const options = { cwd, dieWithUs: true, stderrFile: 'it.err' }
    const { ended } = start(['sh', '-c', 'echo said >&2; exit 4'], options)
    expect(await ended).toMatchObject({ status: 4 })
    expect(await readFile(join(cwd, 'it.err'), 'utf8')).toBe('said\n')
    const missing = start(['lab-no-such-program'], options)
    expect((await missing.ended).status).toBe(127)
  })

  test('what is written to the log is kept up to its limit, and the program lives on', async () => {
    const cwd = tempDir()
    const log = { file: 'it.log', limit: 100_000 }
    const script = `trap '' PIPE; exec 4>${LOG_PATH}; yes >&4; yes >&4; echo alive >alive; sleep 60`
    const { ended, kill } = start(['sh', '-c', script], { cwd, dieWithUs: true, stderrFile: 'err', log })
    await expect.poll(() => existsSync(join(cwd, 'alive'))).toBe(true)
    expect((await readFile(join(cwd, 'it.log'))).length).toBe(100_000)
    kill('SIGKILL')
    await ended
  })

  test('the log has each byte at once, however small the pieces are', async () => {
    const cwd = tempDir()
    const log = { file: 'it.log', limit: 100_000 }
    const script = `exec 4>${LOG_PATH}; i=0; while [ $i -lt 3000 ]; do printf x >&4; i=$((i + 1)); done; exec sleep 60`
    const { ended, kill } = start(['sh', '-c', script], { cwd, dieWithUs: true, stderrFile: 'err', log })
    const size = () => (existsSync(join(cwd, 'it.log')) ? readFileSync(join(cwd, 'it.log')).length : 0)
    await expect.poll(size).toBe(3000)
    kill('SIGKILL')
    await ended
  })

  test('the log has the last word of a program that ends', async () => {
    const cwd = tempDir()
    const log = { file: 'it.log', limit: 100_000 }
    await start(['sh', '-c', `echo last words >${LOG_PATH}`], { cwd, dieWithUs: true, stderrFile: 'err', log }).ended
    await expect.poll(() => readFileSync(join(cwd, 'it.log'), 'utf8')).toBe('last words\n')
  })

  test('kill reaches the whole tree', async () => {
    const cwd = tempDir()
    const file = join(cwd, 'pids')
    const { ended, kill, pid } = start(['sh', '-c', TREE, 'sh', file], { cwd, dieWithUs: false, stderrFile: 'err' })
    await expect.poll(() => existsSync(file)).toBe(true)
    const pids = pidsIn(file)
    expect(pids[0]).toBe(pid)
    kill('SIGKILL')
    expect((await ended).status).not.toBe(0)
    await expect.poll(() => pids.map(gone)).toEqual([true, true, true])
    kill('SIGKILL')
  })
})
