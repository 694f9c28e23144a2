/** argv -> command -> exit code. Signals are handled here and nowhere else, and this is the only file that exits. */
import { readCommandLine, type Call } from './commands/program.ts'
import { EXIT, Failure, interrupted, messageOf } from './engine/error.ts'
import { interruptionWords, isTerminalLent, PATIENCE, stopAll, undoAll } from './engine/interruption.ts'
import { saysDuckdb } from './engine/outside-words.ts'
import { printable } from './engine/printable.ts'

const control = new AbortController()
let status: number = EXIT.done

/** Rejects when an interrupted command has had its time to stop by itself. */
const late = Promise.withResolvers<never>()
late.promise.catch(() => undefined)

/**
 * The first signal asks the command to stop. So does the second; the third, like the end of the time that there is,
 * ends it where it stands.
 */
let signals = 0
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => {
    if (name === 'SIGINT' && isTerminalLent()) return
    signals++
    control.abort(interrupted())
    if (signals === 1) {
      stopAll()
      setTimeout(() => late.reject(interrupted()), PATIENCE)
    }
    if (signals > 2) late.reject(interrupted())
  })

/**
 * What an interrupted command ended with. Whatever it failed with was the interruption's doing, or came too late to
 * matter: it is told in one line and does not decide the exit code.
 */
function asInterrupted(error: unknown): Failure {
  const { wayOut, lines = [] } = interruptionWords()
  const fact = 'interrupted'
  const isAbort = error instanceof Error && error.name === 'AbortError'
  if (isAbort || saysDuckdb(error, 'interrupted') || (error instanceof Failure && error.kind === 'interrupted'))
    return new Failure('interrupted', { fact, wayOut, lines }, { cause: error })
  return new Failure(
    'interrupted',
    { fact, wayOut, lines: [...lines, printable(messageOf(error), 300)] },
    { cause: error },
  )
}

/**
 * Ends this process at once, whatever its threads are doing. `process.exit` waits for the threads of libuv's pool, and
 * one of them may be in a read that never returns, or in a query (Node 24.21; nodejs/node, src/node_platform and
 * uv_library_shutdown). A shell that takes our place does not: execve(2) ends all other threads.
 */
function endNow(status: number): never {
  // Listeners of this event remove lock directories (signal-exit of proper-lockfile).
  process.emit('exit', status)
  try {
    process.execve?.('/bin/sh', ['sh', '-c', `exit ${status}`], {})
  } catch {
    // No shell, or no execve on this platform: then as ever.
  }
  process.exit(status)
}

/** Milliseconds that what was said has to reach a reader who may not be reading. */
const LAST_WORDS = 300

/** Ends an interrupted command: what is left is undone, what was said is written if somebody reads it. */
async function endInterrupted(close: () => Promise<void>): Promise<never> {
  undoAll()
  if (process.stdin.isTTY) process.stdin.setRawMode(false)
  const clock = new Promise<void>((resolve) => setTimeout(resolve, LAST_WORDS))
  await Promise.race([close().catch(() => undefined), clock])
  endNow(EXIT.interrupted)
}

/** Runs a command; what only a command needs is loaded now: `lab --help` needs neither ssh nor YAML. */
async function act({ command, args, options, everywhere }: Call): Promise<void> {
  const [{ openSession, viewFor }, { openCommandLog }, { exitCodeOf }] = await Promise.all([
    import('./commands/shared/session.ts'),
    import('./commands/shared/logged.ts'),
    import('./ui/failures.ts'),
  ])
  const log = openCommandLog(command.usage.split(' ')[0] ?? '', process.argv.slice(2), everywhere.file)
  const view = viewFor(everywhere, log, command.warnsDaily)
  const fail = (error: unknown) => {
    status = exitCodeOf(error)
    view.failure(error)
  }
  try {
    // The declaration of the command says what its arguments and options are; `defineCommand` types them for `work`.
    const [given, session] = [options(), openSession(everywhere, control.signal, view)]
    const work = command.work(session, args as never, given as never)
    const result = await Promise.race([work, late.promise])
    if (typeof result === 'number') status = result
    else if (result !== undefined) view.answer(result)
    if (result !== undefined && typeof result !== 'number' && result.status !== undefined) status = result.status
  } catch (error) {
    fail(control.signal.aborted ? asInterrupted(error) : error)
  }
  const close = async () => {
    await view.close().catch(fail)
    log.end(control.signal.aborted ? EXIT.interrupted : status)
  }
  if (!control.signal.aborted) await Promise.race([close(), late.promise.catch(() => undefined)])
  if (control.signal.aborted) await endInterrupted(close)
}

/** Says why the command line itself is refused. */
async function refuse(words: readonly string[], failure: Failure): Promise<void> {
  const [{ viewFor }, { openCommandLog }] = await Promise.all([
    import('./commands/shared/session.ts'),
    import('./commands/shared/logged.ts'),
  ])
  const view = viewFor({ json: words.includes('--json') }, openCommandLog('lab', words, undefined))
  status = failure.exitCode
  view.failure(failure)
  await view.close()
}

const words = process.argv.slice(2)
try {
  status = (await readCommandLine(words, act)) ?? status
} catch (error) {
  if (!(error instanceof Failure)) throw error
  await refuse(words, error)
}
if (control.signal.aborted) endNow(EXIT.interrupted)
process.exit(status)
